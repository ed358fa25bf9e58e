import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const COMMAND = fileURLToPath(new URL('../bin/cuedot-agent.js', import.meta.url))

/** What a request must bring along. */
export const TOKEN = 'canary-token-0123456789'

const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: process.env['PATH'] ?? '',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_REGION: 'us-east-1',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_TOKEN: TOKEN,
}

/** The command as a process of its own. */
export interface Command extends AsyncDisposable {
  readonly child: ChildProcess
  readonly folder: string
  /** All that it has printed. */
  output(): string
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>
}

/** A command that listens. */
export interface AgentProcess extends Command {
  /** `http://127.0.0.1:…` or `unix:…`. */
  readonly address: string
  ask(path: string, options?: RequestOptions): Promise<Reply>
}

/** An answer. */
export interface Reply {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Runs the command with a TOML file, in a folder of its own. A variable may be undefined. */
export async function startCommand(
  toml: string,
  environment: Readonly<Record<string, string | undefined>> = {},
): Promise<Command> {
  const dir = await mkdtempDisposable(join(tmpdir(), 'cuedot-agent-'))
  const config = join(dir.path, 'agent.toml')
  await writeFile(config, toml)
  const env = { ...ENVIRONMENT, HOME: dir.path, ...environment }
  const args = [COMMAND, '--config', config]
  const child = spawn(process.execPath, args, { cwd: dir.path, env, stdio: 'pipe' })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => void (output += chunk))
  const ended = once(child, 'close').then(() => child.exitCode)
  return {
    ...{ child, folder: dir.path, ended, output: () => output },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
      await dir[Symbol.asyncDispose]()
    },
  }
}

/** Runs the command and waits until it listens. Its log goes to stdout; by default, all of it. */
export async function startAgentProcess(
  endpoint: string,
  more: { readonly toml?: string; readonly cuedot?: string; readonly logLevel?: string } = {},
): Promise<AgentProcess> {
  const { toml = '', cuedot = '', logLevel = 'debug' } = more
  const own = `[cuedot]\nendpoint = "${endpoint}"\n${cuedot}`
  const lines = `log_to_file = false\nlog_level = "${logLevel}"\nhttp_port = 0\n${toml}\n${own}`
  const command = await startCommand(lines)
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const look = (): void => {
    const found = /cuedot-agent\/\S+ listening on (\S+)\n/.exec(command.output())?.[1]
    if (found !== undefined) resolve(found)
  }
  command.child.stdout?.on('data', look)
  void command.ended.then(() => reject(new Error(`it ended: ${command.output()}`)))
  const address = await promise
  return { ...command, address, ask: (path, options) => ask(address, path, options) }
}

/** Asks an agent over a connection of its own, with the token unless headers are given. */
export async function ask(
  address: string,
  path: string,
  options: RequestOptions = {},
): Promise<Reply> {
  const headers = { 'X-Aws-Parameters-Secrets-Token': TOKEN }
  const unix = address.startsWith('unix:') && { socketPath: address.slice('unix:'.length) }
  const port = address.startsWith('unix:') ? {} : { port: new URL(address).port }
  const place = { host: '127.0.0.1', ...port, ...unix }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const asking = request({ ...place, path, headers, agent: false, ...options }, resolve)
  asking.once('error', reject).end()
  const response = await promise
  const body = await text(response)
  return { status: response.statusCode ?? 0, headers: response.headers, body }
}
