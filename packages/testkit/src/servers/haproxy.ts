import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startChild } from './child.ts'
import { findPooler } from './poolers-get.ts'
import { freePort } from './ports.ts'

const EXAMPLES = fileURLToPath(new URL('../../../../examples/haproxy/', import.meta.url))

/** A HAProxy of the test's own, with a configuration of `examples/haproxy`. */
export interface HaproxyServer extends AsyncDisposable {
  readonly port: number
  /** Runs a command on the runtime socket; resolves with the answer. */
  command(line: string): Promise<string>
  /**
   * As a failover does: this server takes no more connections and those to it are cut; the other
   * takes over.
   */
  switchTo(server: 'first' | 'second'): Promise<void>
}

/** How a HAProxy differs from the example. */
export interface HaproxySetup {
  readonly example: 'postgres' | 'mariadb'
  /** Port of the server on 127.0.0.1. Both servers of the example are this one. */
  readonly serverPort: number
  /** Texts of the example and what stands in their place. */
  readonly replace?: Readonly<Record<string, string>>
}

const DEFAULT_PORT = { postgres: 5432, mariadb: 3306 } as const

/** Longest wait for a health check to find the server. */
const CHECK_MS = 20_000

/** Starts HAProxy on a free port of 127.0.0.1 and waits until it has found the server well. */
export async function startHaproxy(setup: HaproxySetup): Promise<HaproxyServer> {
  const program = findPooler('haproxy')
  if (program === undefined) throw new Error('there is no HAProxy on this machine')
  await using starting = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-haproxy-'))
  starting.defer(() => rm(dir, { recursive: true, force: true }))
  await chmod(dir, 0o700)
  const port = await freePort()
  const socket = join(dir, 'admin.sock')
  await writeFile(join(dir, 'haproxy.cfg'), await configuration(setup, port, socket))
  const args = ['-db', '-V', '-f', 'haproxy.cfg']
  const child = await startChild(program, { args, cwd: dir, ready: /polling mechanism/ })
  starting.defer(() => child.end())
  const command = (line: string): Promise<string> => ask(socket, line)
  const states = async (): Promise<string> => await command('show stat').catch(() => '')
  const limit = Date.now() + CHECK_MS
  while (!/,first,.*,UP,[^]*,second,.*,UP,/.test(await states())) {
    if (Date.now() > limit) throw new Error(`HAProxy finds no server:\n${await states()}`)
    await pause(50)
  }
  const running = starting.move()
  return {
    port,
    command,
    async switchTo(server) {
      const away = `${setup.example}/${server === 'first' ? 'second' : 'first'}`
      await command(`enable server ${setup.example}/${server}`)
      await command(`disable server ${away}`)
      await command(`shutdown sessions server ${away}`)
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

async function configuration(setup: HaproxySetup, port: number, socket: string): Promise<string> {
  const { example, serverPort, replace = {} } = setup
  const from = DEFAULT_PORT[example]
  const texts = {
    '/run/haproxy/admin.sock': socket,
    [`:${from}\n`]: `:${port}\n`,
    [`:${from + 1}`]: `:${serverPort}`,
    [`:${from + 2}`]: `:${serverPort}`,
    ...replace,
  }
  return Object.entries(texts).reduce(
    (cfg, [was, is]) => cfg.replaceAll(was, is),
    await readFile(join(EXAMPLES, `${example}.cfg`), 'utf8'),
  )
}

async function ask(socket: string, line: string): Promise<string> {
  const connection = connect(socket)
  connection.end(`${line}\n`)
  return await text(connection)
}
