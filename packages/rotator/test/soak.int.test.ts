// Goal: rotations in a row in one process leave nothing behind, here or at the server. Method: the
// short form of `npm run test:soak`, in a process of its own: 30 rotations, over every server and
// both stores. Its long form judges memory as well.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** On a machine that is busy with other things as well. */
const LIMIT_MS = 240_000

test(
  'leaves no session, lock, account, file or handle behind, in 30 rotations',
  async () => {
    const flags = ['--expose-gc', '--no-flush-bytecode', '--conditions=cuedot-source']
    const args = [...flags, 'scripts/soak.ts', '--rotations', '10']
    const run = promisify(execFile)(process.execPath, args, { cwd: ROOT })
    const { stdout } = await run.catch((error: unknown) => {
      const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : ''
      throw new Error(`the soak failed:\n${said}`, { cause: error })
    })
    expect(stdout).toMatch(/^[46] passed, 0 failed$/m)
    expect(stdout.match(/\d+ rotations in/g)?.length).toBeGreaterThanOrEqual(4)
  },
  LIMIT_MS,
)
