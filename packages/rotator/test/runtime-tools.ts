import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { TestTls } from '../../testkit/src/servers/tls.ts'
import { commandRuntime } from '../src/adapters/runtimes/command.ts'
import type { CommandOptions, CommandRuntime } from '../src/adapters/runtimes/command.ts'
import { httpHealthRuntime } from '../src/adapters/runtimes/http-health.ts'
import type { HttpHealthOptions } from '../src/adapters/runtimes/http-health.ts'
import type { Call } from '../src/ports/call.ts'
import type { RollState, Runtime } from '../src/ports/runtime.ts'

/** A call with more time than any test needs. */
export function call(): Call {
  return { signal: AbortSignal.timeout(30_000) }
}

/** Rolls and looks until the roll is judged. */
export async function rolled(runtime: Runtime, token = 'roll:1'): Promise<RollState> {
  await runtime.roll(token, call())
  return judged(runtime, token)
}

/** Looks until the roll is judged; the test's own timeout bounds it. */
export async function judged(runtime: Runtime, token = 'roll:1'): Promise<RollState> {
  for (;;) {
    const state = await runtime.observe(token, call())
    if (state.state !== 'rolling') return state
    await wait(runtime.pollMs)
  }
}

/** A shell script in a folder of its own, in which it runs. */
export interface Script extends AsyncDisposable {
  readonly path: string
  /** The path of another file in its folder. */
  file(name: string): string
}

/** Writes a shell script. */
export async function script(text: string): Promise<Script> {
  const dir = await mkdtemp(join(tmpdir(), 'cuedot-runtime-'))
  const path = join(dir, 'restart.sh')
  await writeFile(path, `cd '${dir}'\n${text}\n`)
  return {
    path,
    file: (name) => join(dir, name),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  }
}

/** The runtime that runs a shell script. */
export function command(path: string, options: Partial<CommandOptions> = {}): CommandRuntime {
  return commandRuntime({ id: 'c', argv: ['/bin/sh', path], limitMs: 20_000, ...options })
}

/** The text of a file; empty while it is not there. */
export function readOrEmpty(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}

/** A page that is served until disposed. */
export interface Page extends AsyncDisposable {
  readonly url: string
  readonly port: number
}

/** What answers a request. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** How a page is served: on which port of which loopback address, and with which certificate. */
export interface Serving {
  readonly tls?: TestTls
  readonly port?: number
  readonly address?: string
}

/** Serves a page. */
export async function serve(handler: Handler, options: Serving = {}): Promise<Page> {
  const { tls, port = 0, address = '127.0.0.1' } = options
  const server = tls
    ? createTlsServer(
        { cert: await readFile(tls.certFile), key: await readFile(tls.keyFile) },
        handler,
      )
    : createServer(handler)
  await new Promise<void>((resolve) => server.listen(port, address, resolve))
  const bound = portOf(server.address())
  return {
    url: `${tls ? 'https' : 'http'}://${address}:${bound}/login`,
    port: bound,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}

/** The runtime that judges by a page. */
export function health(url: string, options: Partial<HttpHealthOptions> = {}): Runtime {
  const pace = { intervalMs: 10, timeoutMs: 5000, limitMs: 20_000 }
  return httpHealthRuntime({ id: 'h', url, ...pace, ...options })
}
