import { describe, expect, test } from 'vitest'
import { initialOf } from './initial.ts'
import { parseConfig } from './load.ts'
import type { TargetConfig } from './types.ts'

function target(strategy: string, tls: string, initial: string): TargetConfig | undefined {
  const text = `version: 1
targets:
  app:
    strategy: ${strategy}
    ${initial}
    store: { kind: secrets-manager, secret: app }
    admin: { store: { kind: secrets-manager, secret: admin } }
    database: { engine: mariadb, endpoints: [127.0.0.1], dbname: openemr, tls: ${tls} }
    publish: [{ id: php, kind: php-sqlconf, path: sqlconf.php }]
`
  return parseConfig(text, '/etc/cuedot.yaml').targets['app']
}

const INITIAL = 'initial: { user: admin, privileges: all }'

describe('what a slot of a target with an initial user may do', () => {
  test.each([
    ['{}', true],
    ['off', false],
  ])('is everything in the database, and only over TLS unless there is none: %s', (tls, only) => {
    const config = target('alternating', tls, INITIAL)
    if (config?.strategy !== 'alternating') throw new Error('another strategy')
    expect(initialOf(config)).toEqual({
      initial: { privileges: 'all', dbname: 'openemr', tls: only },
    })
  })

  test.each(['alternating', 'dual-password'])('is nothing where %s names no such user', (name) => {
    const config = target(name, 'off', '')
    if (config?.strategy !== 'alternating' && config?.strategy !== 'dual-password')
      throw new Error('another strategy')
    expect(initialOf(config)).toEqual({})
  })
})
