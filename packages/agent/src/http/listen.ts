import { lstat, unlink } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Server } from 'node:net'
import { umask } from 'node:process'
import { AgentError, errnoOf } from '../errors.ts'

/** Only this address: whoever is on another machine is not answered. */
const LOOPBACK = '127.0.0.1'

/** @returns the address, as `http://127.0.0.1:2773`. @throws AgentError ERR_START */
export async function listenOnPort(server: Server, port: number): Promise<string> {
  await listening(server, `${LOOPBACK}:${port}`, () => server.listen(port, LOOPBACK))
  const address = server.address()
  const actual = typeof address === 'object' && address !== null ? address.port : port
  return `http://${LOOPBACK}:${actual}`
}

/**
 * Listens on a Unix socket that this user alone may use (mode 0600). One that a killed agent has
 * left is removed; one that answers, or any other file, stays.
 *
 * @returns the address, as `unix:/run/agent.sock`. @throws AgentError ERR_START
 */
export async function listenOnSocket(server: Server, path: string): Promise<string> {
  await removeLeftover(path)
  await listening(server, path, () => {
    // The socket is made here, with these permissions: at no moment may others connect.
    const before = umask(0o177)
    try {
      server.listen(path)
    } finally {
      umask(before)
    }
  })
  return `unix:${path}`
}

async function listening(server: Server, place: string, listen: () => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).once('listening', resolve)
  try {
    listen()
    await promise
  } catch (error) {
    const why = errnoOf(error) === 'EADDRINUSE' ? 'it is in use' : errnoOf(error)
    throw new AgentError('ERR_START', `cannot listen on ${place}: ${why}`)
  } finally {
    server.off('error', reject).off('listening', resolve)
  }
}

async function removeLeftover(path: string): Promise<void> {
  const status = await lstat(path).catch(() => undefined)
  if (status?.isSocket() !== true || (await isAnswered(path))) return
  // Listening says what is wrong where it cannot be removed.
  await unlink(path).catch(() => undefined)
}

async function isAnswered(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(path)
    .once('connect', () => resolve(true))
    .once('error', (error) => resolve(errnoOf(error) !== 'ECONNREFUSED'))
  const answered = await promise
  socket.destroy()
  return answered
}
