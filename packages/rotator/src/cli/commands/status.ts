import { look } from '../../engine/look.ts'
import { EXIT } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { LookOptions } from '../options.ts'
import { statusOf } from '../status/status.ts'
import { statusText } from '../status/text.ts'
import { lookAtEach } from './look-at-each.ts'

/**
 * `status`: where each target stands. Exit code 3 where `--exit-code` was given and a person should
 * look, and where no version of the admin secret logs in, so that nothing could be looked at.
 */
export async function statusCommand(
  name: string | undefined,
  options: LookOptions & { readonly exitCode?: true },
): Promise<ExitCode> {
  return await lookAtEach(name, options, {
    look: async ({ target }, env, config) => {
      const seen = await look(target, 'converge', env)
      const own = config.targets[target.name]
      return seen && own && statusOf(seen, own, env.clock.now())
    },
    text: statusText,
    exitCode: ({ attention }) => (options.exitCode === true && attention ? EXIT.refused : EXIT.ok),
  })
}
