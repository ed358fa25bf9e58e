import { describe, expect, test } from 'vitest'
import { readSettings } from './settings.ts'

function problemsOf(config: unknown): readonly string[] {
  try {
    readSettings(config)
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_CONFIG' })
    return (error as Error).message.split('\n')
  }
  return []
}

describe('a configuration', () => {
  test('that is empty has the defaults of AWS’s agent', () => {
    expect(readSettings({})).toEqual({
      logLevel: 'info',
      logToFile: true,
      httpPort: 2773,
      region: undefined,
      ttlSeconds: 300,
      cacheSize: 1000,
      maxConn: 800,
      ssrfHeaders: ['X-Aws-Parameters-Secrets-Token', 'X-Vault-Token'],
      ssrfEnvVariables: ['AWS_TOKEN', 'AWS_SESSION_TOKEN', 'AWS_CONTAINER_AUTHORIZATION_TOKEN'],
      pathPrefix: '/v1/',
      validateCredentials: true,
      ignoreTransientErrors: true,
      socket: undefined,
      endpoint: undefined,
      refreshSeconds: 60,
      files: [],
    })
  })

  test('takes numbers and flags as texts, and levels in any case', () => {
    const config = { http_port: '65535', ttl_seconds: '0', log_to_file: 'False', log_level: 'WARN' }
    const { httpPort, ttlSeconds, logToFile, logLevel } = readSettings(config)
    expect([httpPort, ttlSeconds, logToFile, logLevel]).toEqual([65_535, 0, false, 'warn'])
  })

  test.for([
    ['http_port', [0, 1024, 65_535], [-1, 1, 1023, 65_536, 1.5, 'x', true, '1e4', '']],
    ['ttl_seconds', [0, 3600], [-1, 3601]],
    ['cache_size', [1, 1000], [0, 1001]],
    ['max_conn', [1, 1000], [0, 1001]],
    ['region', ['eu-west-1'], ['', 'a.b', 'evil.example/', 7]],
    ['path_prefix', ['/', '/v1/', '/a-b/'], ['', 'v1/', '/a?b', '/a#', '/ ']],
    ['log_level', ['none', 'Debug'], ['trace', '', 1]],
    ['ssrf_headers', [['X-A']], [[], ['a b'], ['a:'], 'X-A', [1], ['X-A', 1]]],
    ['ssrf_env_variables', [['A_1']], [[], ['1A'], ['A='], 'A']],
    ['log_to_file', [true, 'true'], [1, 'yes', []]],
  ] as const)('keeps the bounds of %s', ([key, good, bad]) => {
    for (const value of good) expect(problemsOf({ [key]: value })).toEqual([])
    for (const value of bad)
      expect(problemsOf({ [key]: value })[0], String(value)).toMatch(new RegExp(`^${key}: `))
  })

  test('keeps the bounds of our own keys', () => {
    const bad = [
      { socket: 'run/a.sock' },
      { socket: '/run/../a.sock' },
      { socket: `/${'a'.repeat(107)}` },
      { endpoint: 'http://secretsmanager.example' },
      { endpoint: 'https://user:pw@secretsmanager.example' },
      { endpoint: 'secretsmanager.example' },
      { refresh_seconds: 0 },
      { files: [{ secretId: 'a' }] },
      { files: [{ secretId: '', path: '/a' }] },
      { files: [{ secretId: 'a', path: '/a', format: 'env' }] },
      { files: {} },
      { files: ['a'] },
    ]
    for (const cuedot of bad) expect(problemsOf({ cuedot })[0]).toMatch(/^cuedot\./)
    const endpoints = ['https://vpce.example', 'http://127.0.0.1:1', 'http://localhost:1']
    for (const endpoint of endpoints) expect(problemsOf({ cuedot: { endpoint } })).toEqual([])
  })

  test('names all problems at once, and what was probably meant', () => {
    const file = { secretId: 'a', path: '/a' }
    const config = {
      http_prot: 1,
      ttl_seconds: 4000,
      ssrf_header: ['a'],
      whatever: 1,
      'a\nb': 1,
      cuedot: { sockett: '/a', files: [file, { ...file, paht: '/b' }] },
    }
    expect(problemsOf(config)).toEqual([
      'ttl_seconds: must be a whole number from 0 to 3600',
      'cuedot.files[1].path: another file is there already',
      'cuedot.files[1].paht: no such key; did you mean path?',
      'http_prot: no such key; did you mean http_port?',
      'ssrf_header: no such key; did you mean ssrf_headers?',
      'whatever: no such key',
      '"a\\nb": no such key',
      'cuedot.sockett: no such key; did you mean socket?',
    ])
  })

  test('that is no table is refused', () => {
    for (const config of ['', null, [], 7]) expect(problemsOf(config)).toHaveLength(1)
  })
})
