import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { json } from './cli-fixture.ts'
import { startSecretsWorld } from './versions-world.ts'
import type { SecretsWorld } from './versions-world.ts'

let world: SecretsWorld

beforeEach(async () => {
  world = await startSecretsWorld()
})

afterEach(async () => {
  await world[Symbol.asyncDispose]()
})

describe('cuedot versions', () => {
  test('F19: tells every version of a target and reads none', async () => {
    const pending = await world.stage()
    const { code, stdout, stderr } = await world.run(['versions', 'app', '--json'])
    const { versions, current, ...rest } = json(stdout)
    expect(rest).toEqual({ target: 'app', secret: world.secret, pending })
    const times = { createdAt: expect.any(String), ageMs: expect.any(Number) }
    expect(versions).toEqual([
      { id: pending, labels: ['AWSPENDING'], ...times },
      { id: current, labels: ['AWSCURRENT'], ...times },
    ])
    expect(world.fake.log.filter((action) => action === 'GetSecretValue')).toEqual([])
    expect(stderr).toBe('')
    expect(code).toBe(0)
  })

  test('shows people a line for each, and says which is pending', async () => {
    const pending = await world.stage()
    const { code, stdout } = await world.run(['versions', '--secret', world.secret])
    expect(stdout.split('\n')).toEqual([
      `${world.secret}: 2 versions`,
      expect.stringMatching(`^  AWSPENDING  ${pending}  \\d{4}-.*Z  [\\d.]+m?s old$`),
      expect.stringMatching(/^ {2}AWSCURRENT {2}[0-9a-f-]{36} {2}\d{4}-.*Z {2}[\d.]+m?s old$/),
      expect.stringMatching(`^  ${pending} is AWSPENDING, [\\d.]+m?s old and not current: `),
      '',
    ])
    expect(code).toBe(0)
  })

  test('tells those of a file', async () => {
    const { code, stdout } = await world.run(['versions', 'local', '--json'])
    const { versions, current, secret } = json(stdout)
    expect(versions).toMatchObject([{ id: current, labels: ['AWSCURRENT'] }])
    expect(secret).toBe('local.cuedot')
    expect(code).toBe(0)
  })

  test('asks in the region that is named', async () => {
    const args = ['versions', '--secret', world.secret, '--region', 'eu-west-1']
    expect((await world.run(args, { AWS_REGION: '' })).code).toBe(0)
    const nowhere = await world.run(args.slice(0, 3), { AWS_REGION: '', HOME: '/nonexistent' })
    expect(nowhere.stderr).toContain('AWS_REGION no region is set')
    expect(nowhere.code).toBe(2)
  })

  test('ends with 1 where the secret is not there or may not be listed', async () => {
    const missing = await world.run(['versions', '--secret', 'nobody-made-it', '--json'])
    expect(json(missing.stdout)).toMatchObject({ code: 'ERR_STORE_NOT_FOUND' })
    expect(missing.code).toBe(1)
    world.fake.fail({ kind: 'denied', action: 'ListSecretVersionIds' })
    const denied = await world.run(['versions', 'app'])
    expect(denied.stderr).toContain('operation: secretsmanager:ListSecretVersionIds')
    expect(denied.code).toBe(1)
  })

  test.each([
    [['versions'], 'Name one of: app, local.'],
    [['versions', 'ap'], 'Did you mean app?'],
    [['versions', 'app', '--secret', 'x'], 'Leave one of them out.'],
    [['versions', 'app', '--region', 'eu-west-1'], 'Leave --region out'],
  ])('%j ends with 2 and says how to go on', async (args, hint) => {
    const { code, stdout, stderr } = await world.run(args)
    expect(stderr).toContain(hint)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })
})
