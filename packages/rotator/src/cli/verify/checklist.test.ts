import { Sensitive } from '@cuedot/client/protocol'
import { describe, expect, test } from 'vitest'
import { KnownSecrets } from '../../engine/secrets.ts'
import { AdminLost } from '../../engine/session.ts'
import { RotatorError } from '../../errors.ts'
import { Checklist } from './checklist.ts'

const nothing = new KnownSecrets()

describe('a checklist', () => {
  test('tells what was found, or what was expected', async () => {
    const checks = new Checklist(nothing)
    expect(await checks.run('a', 'is fine', async () => undefined)).toBe(true)
    expect(await checks.run('b', 'is fine', async () => 'is better')).toBe(true)
    expect(checks.all.map(({ what }) => what)).toEqual(['is fine', 'is better'])
  })

  test('keeps an operational error with code and hint, and says whether it may pass', async () => {
    const checks = new Checklist(nothing)
    const reason = 'ECONNREFUSED'
    const away = new RotatorError('ERR_DB_UNREACHABLE', { endpoint: 'db:1', reason })
    expect(await checks.run('a', '', async () => Promise.reject(away))).toBe(false)
    const denied = new RotatorError('ERR_DB_AUTH', { endpoint: 'db:1', username: 'u' })
    await checks.run('b', '', async () => Promise.reject(denied))
    expect(checks.all).toMatchObject([
      { ok: false, code: 'ERR_DB_UNREACHABLE', hint: away.hint, mayPass: true },
      { ok: false, code: 'ERR_DB_AUTH', mayPass: false },
    ])
  })

  test('keeps a refusal with what to do about it', async () => {
    const checks = new Checklist(nothing)
    await checks.run('a', '', async () => checks.refuse('PRIVILEGES_DIFFER', 'lacks SELECT'))
    await checks.run('b', '', async () => Promise.reject(new AdminLost('alternating')))
    expect(checks.all).toMatchObject([
      { ok: false, code: 'PRIVILEGES_DIFFER', what: 'lacks SELECT' },
      { ok: false, code: 'ADMIN_LOST' },
    ])
  })

  test('lets a bug through', async () => {
    const bug = new TypeError('no')
    const checks = new Checklist(nothing)
    await expect(checks.run('a', '', async () => Promise.reject(bug))).rejects.toBe(bug)
  })

  test('shows no known password', async () => {
    const secrets = new KnownSecrets()
    secrets.add(new Sensitive('canary-password', 'password'))
    const checks = new Checklist(secrets)
    const reason = 'cannot log in with canary-password'
    const error = new RotatorError('ERR_DB_UNREACHABLE', { endpoint: 'db:1', reason })
    await checks.run('a', '', async () => Promise.reject(error))
    expect(JSON.stringify(checks.all)).not.toContain('canary-password')
  })
})
