import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { CliResult } from './cli-process.ts'

/** Runs a program as another user of this machine; only root may. */
export async function asUser(
  { uid, gid }: { readonly uid: number; readonly gid: number },
  [program, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): Promise<CliResult> {
  const child = spawn(program, args, {
    ...{ uid, gid, stdio: ['ignore', 'pipe', 'pipe'] },
    env: { PATH: process.env['PATH'] ?? '', ...env },
  })
  const closed = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  await closed
  return { code: child.exitCode, stdout, stderr }
}
