import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { AgentConfig } from './agent-config.ts'
import { SecretCache } from './cache/secret-cache.ts'
import { readSettings } from './config/settings.ts'
import type { Settings } from './config/settings.ts'
import { KeptFiles } from './files/kept-files.ts'
import { listenOnPort, listenOnSocket } from './http/listen.ts'
import { agentServer } from './http/server.ts'
import { makeLog } from './log/log.ts'
import type { Log, Sink } from './log/log.ts'
import { openRollingFile } from './log/rolling-file.ts'
import { secretsManager } from './store/secrets-manager.ts'
import type { SecretsManager } from './store/secrets-manager.ts'
import { surroundings } from './surroundings.ts'
import type { Environment } from './surroundings.ts'
import { readToken } from './token.ts'

/** How to start an agent. */
export interface AgentOptions {
  /** The same keys as in the file. Default: none. */
  readonly config?: AgentConfig
  /** Where the token is looked for. Default: the environment of the process. */
  readonly environment?: Environment
  /** Takes each line of the log, instead of the file or stdout. */
  readonly log?: Sink
}

/** An agent that is listening. */
export interface Agent extends AsyncDisposable {
  /** `http://127.0.0.1:2773`, or `unix:` and the path of a socket. */
  readonly address: string
  /** Takes no more requests, answers those under way, ends the writing of files. */
  close(): Promise<void>
}

/**
 * Starts an agent in this process. It resolves when requests are answered.
 *
 * @throws AgentError ERR_CONFIG for a configuration that is wrong, ERR_START for what is missing: a
 *   token, a region, AWS credentials, the port or the socket, a folder for the log
 */
export async function startAgent(options: AgentOptions = {}): Promise<Agent> {
  const { config = {}, environment = surroundings.environment } = options
  return await startWith(readSettings(config), environment, options.log)
}

/** As {@link startAgent}, from settings that were checked. */
export async function startWith(
  settings: Settings,
  environment: Environment,
  sink?: Sink,
): Promise<Agent> {
  const token = await readToken(settings.ssrfEnvVariables, environment)
  const log = logFor(settings, sink)
  const store = await openStore(settings)
  const files = new KeptFiles({
    files: settings.files,
    refreshMs: settings.refreshSeconds * 1000,
    clock: surroundings,
    log,
  })
  const cache = new SecretCache(store, {
    ttlMs: settings.ttlSeconds * 1000,
    size: settings.cacheSize,
    ignoreTransientErrors: settings.ignoreTransientErrors,
    clock: surroundings,
    seen: (question, version) => files.seen(question, version),
  })
  const http = agentServer({ ...settings, cache, token, log })
  const address =
    settings.socket === undefined
      ? await listenOnPort(http.server, settings.httpPort)
      : await listenOnSocket(http.server, settings.socket)
  log.info(`Agent/${agentVersion()} listening on ${address}`)
  files.start(cache)
  const close = async (): Promise<void> => {
    await http.close()
    await files.close()
    store.close()
    log.info('stopped')
  }
  return { address, close, [Symbol.asyncDispose]: close }
}

async function openStore(settings: Settings): Promise<SecretsManager> {
  const { region, endpoint } = settings
  const store = secretsManager({ region, endpoint, version: agentVersion(), clock: surroundings })
  await store.demandRegion()
  if (settings.validateCredentials) await store.demandCredentials()
  return store
}

function logFor({ logLevel, logToFile }: Settings, given: Sink | undefined): Log {
  const file = given ?? (logToFile ? openRollingFile(resolve('logs')).write : undefined)
  const toStdout: Sink = (line) => void process.stdout.write(line)
  return makeLog(logLevel, file ?? toStdout, surroundings.wallClock)
}

/** The version of this package. */
export function agentVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return /"version": "([\w.-]+)"/.exec(text)?.[1] ?? '0.0.0'
}
