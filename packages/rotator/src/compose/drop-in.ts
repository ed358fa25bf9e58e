import type { Permissions } from '../adapters/files/permissions.ts'
import type { ProbeAnswer } from '../adapters/runtimes/http-probe.ts'
import type { EndpointConfig } from '../config/types.ts'
import type { Call } from '../ports/call.ts'

/** MariaDB or MySQL, as the server there greets. @throws ERR_DB_* */
export async function detectMysqlFamily(
  endpoint: EndpointConfig,
  call: Call,
): Promise<'mariadb' | 'mysql'> {
  const { engineAt } = await import('../adapters/mysql/protocol/greeting.ts')
  return await engineAt(endpoint, call)
}

/** Asks a page once: its status, or why there is none. */
export async function askPage(url: URL, timeoutMs: number, call: Call): Promise<ProbeAnswer> {
  const { probe } = await import('../adapters/runtimes/http-probe.ts')
  return await probe({ url, timeoutMs, signal: call.signal })
}

/** Sets the mode, and the owner where one is given, of a file. @throws ERR_TARGET_* */
export async function repairPermissions(path: string, wanted: Permissions): Promise<void> {
  const { setPermissions } = await import('../adapters/files/permissions.ts')
  await setPermissions(path, wanted)
}
