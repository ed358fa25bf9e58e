import { AgentError } from '../errors.ts'
import { Table } from './table.ts'
import { isEndpoint, isFilePath, isHeader, isLogLevel, isPrefix, isRegion } from './text-rules.ts'
import { isSecretId, isSocketPath, isVariable } from './text-rules.ts'

/** How much is logged, from most to nothing. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'none'

/** A file that the agent keeps written with the current value of a secret. */
export interface FileSetting {
  readonly secretId: string
  readonly path: string
  /** `value`: the text or the bytes of the secret. `json`: what the HTTP routes answer. */
  readonly format: 'value' | 'json'
}

/** A configuration that was checked, with its defaults filled in. */
export interface Settings {
  readonly logLevel: LogLevel
  readonly logToFile: boolean
  readonly httpPort: number
  readonly region: string | undefined
  readonly ttlSeconds: number
  readonly cacheSize: number
  readonly maxConn: number
  readonly ssrfHeaders: readonly string[]
  readonly ssrfEnvVariables: readonly string[]
  readonly pathPrefix: string
  readonly validateCredentials: boolean
  readonly ignoreTransientErrors: boolean
  readonly socket: string | undefined
  readonly endpoint: string | undefined
  readonly refreshSeconds: number
  readonly files: readonly FileSetting[]
}

const HEADERS = ['X-Aws-Parameters-Secrets-Token', 'X-Vault-Token'] as const
const VARIABLES = ['AWS_TOKEN', 'AWS_SESSION_TOKEN', 'AWS_CONTAINER_AUTHORIZATION_TOKEN'] as const

/**
 * Checks a configuration and fills in its defaults. As in AWS's agent a number may also be given as
 * a text, and `http_port` may be 0, for any free port.
 *
 * @param config - what the TOML file holds; see `AgentConfig` for each key
 * @throws AgentError ERR_CONFIG with all problems, one a line
 * @see aws/aws-secretsmanager-agent, README, "Configure the Secrets Manager Agent", and its
 *   `config.rs`: keys, defaults, bounds, unknown keys refused
 */
export function readSettings(config: unknown): Settings {
  const problems: string[] = []
  const table = new Table(config, problems)
  const own = table.table('cuedot')
  const settings = {
    logLevel: levelOf(table.text('log_level', isLogLevel)),
    logToFile: table.flag('log_to_file', true),
    httpPort: table.number('http_port', { min: 1024, max: 65_535, fallback: 2773, also: 0 }),
    region: table.text('region', isRegion),
    ttlSeconds: table.number('ttl_seconds', { min: 0, max: 3600, fallback: 300 }),
    cacheSize: table.number('cache_size', { min: 1, max: 1000, fallback: 1000 }),
    maxConn: table.number('max_conn', { min: 1, max: 1000, fallback: 800 }),
    ssrfHeaders: table.texts('ssrf_headers', HEADERS, isHeader),
    ssrfEnvVariables: table.texts('ssrf_env_variables', VARIABLES, isVariable),
    pathPrefix: table.text('path_prefix', isPrefix) ?? '/v1/',
    validateCredentials: table.flag('validate_credentials', true),
    ignoreTransientErrors: table.flag('ignore_transient_errors', true),
    socket: own.text('socket', isSocketPath),
    endpoint: own.text('endpoint', isEndpoint),
    refreshSeconds: own.number('refresh_seconds', { min: 1, max: 3600, fallback: 60 }),
    files: filesOf(own),
  }
  table.finish()
  own.finish()
  if (problems.length > 0) throw new AgentError('ERR_CONFIG', problems.join('\n'))
  return settings
}

function levelOf(text = 'info'): LogLevel {
  const level = text.toLowerCase()
  return level === 'debug' || level === 'warn' || level === 'error' || level === 'none'
    ? level
    : 'info'
}

function filesOf(own: Table): readonly FileSetting[] {
  const taken = new Set<string>()
  return own.tables('files').map((file) => {
    const secretId = file.text('secretId', isSecretId)
    const path = file.text('path', isFilePath)
    const format = file.text('format', (text) =>
      text === 'value' || text === 'json' ? undefined : 'must be value or json',
    )
    if (secretId === undefined || path === undefined) file.wrong('', 'needs secretId and path')
    if (path !== undefined && taken.has(path)) file.wrong('path', 'another file is there already')
    taken.add(path ?? '')
    file.finish()
    const kind = format === 'json' ? 'json' : 'value'
    return { secretId: secretId ?? '', path: path ?? '', format: kind }
  })
}
