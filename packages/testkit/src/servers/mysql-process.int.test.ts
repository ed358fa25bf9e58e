import { createConnection } from 'mysql2/promise'
import { expect, test, vi } from 'vitest'
import { startMariadb } from './mariadb.ts'
import type { MariadbServer } from './mariadb.ts'
import { makeTestTls } from './tls.ts'
import type { TestTls } from './tls.ts'

async function version({ root, port }: MariadbServer, { ca }: TestTls): Promise<unknown> {
  const { username: user, password } = root
  const login = { host: 'localhost', port, user, password: password.reveal(), ssl: { ca } }
  const connection = await createConnection(login)
  const [rows] = await connection.query('SELECT VERSION() AS version')
  await connection.end()
  return rows
}

test('a server that dies by itself is started again; one that is stopped is not', async () => {
  await using tls = await makeTestTls()
  await using server = await startMariadb({ tls })
  const told = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  const first = server.pid
  process.kill(first, 'SIGKILL')
  const soon = { timeout: 30_000 }
  await vi.waitFor(async () => expect(await version(server, tls)).toHaveLength(1), soon)
  expect(told).toHaveBeenCalledWith(expect.stringContaining('MariaDB died by itself'))
  await server.stop()
  await expect(version(server, tls)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  expect(told).toHaveBeenCalledTimes(1)
  told.mockRestore()
})
