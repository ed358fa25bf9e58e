import { createHash } from 'node:crypto'
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sensitive } from '@cuedot/client/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FUNCTIONS, bundleFunctions } from '../../../scripts/lib/lambda-bundle.ts'
import { startRds } from '../../testkit/src/fakes/rds.ts'
import { lambdaBuildCommand } from '../src/cli/lambda/build.ts'
import { UsageError } from '../src/cli/options.ts'
import { ROTATION_STEPS } from '../src/domain/four-steps.ts'
import { startCuedot } from './cli-process.ts'
import { startFunction, unpackFunction } from './lambda-process.ts'
import type { FunctionProcess, Invoked, UnpackedFunction } from './lambda-process.ts'
import { LambdaWorld } from './lambda-world.ts'

const BUILD = new URL('../src/cli/lambda/build.ts', import.meta.url).href

let place: string
const [BUILT, OUT] = ['built', 'out'] as const
const at = (...names: readonly string[]): string => join(place, ...names)
const zipOf = async (out: string = OUT): Promise<Buffer> => await readFile(at(out, 'rotation.zip'))

interface Run {
  readonly out?: string
  readonly json?: true
  readonly env?: Readonly<Record<string, string>>
}

/** As the command line runs it, in a process of its own. */
async function build({ out = OUT, env = {}, json }: Run = {}): Promise<string> {
  const options = JSON.stringify({ out: at(out), json })
  const code = `
    import { lambdaBuildCommand } from ${JSON.stringify(BUILD)}
    process.exitCode = await lambdaBuildCommand(${options}, ${JSON.stringify(at(BUILT))})`
  const program = ['--conditions=cuedot-source', '--input-type=module', '-e', code]
  const { code: exit, stdout, stderr } = await startCuedot([], { cwd: place, env, program }).ended
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  return stdout
}

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'cuedot-lambda-build-'))
  await bundleFunctions(at(BUILT))
  await build()
})
afterAll(async () => await rm(place, { recursive: true, force: true }))

describe('lambda build', () => {
  test('makes a zip of what Lambda runs and its licences, which everybody may read', async () => {
    await using unpacked = await unpackFunction(await zipOf())
    expect(unpacked.files).toEqual(['LICENSES', 'index.cjs'])
    for (const file of unpacked.files)
      expect(await readFile(join(unpacked.folder, file))).toEqual(
        await readFile(at(BUILT, 'rotation', file)),
      )
    expect(modesOf(await zipOf())).toEqual([0o100644, 0o100644])
  })

  test.each(FUNCTIONS)('makes a zip that loads with nothing beside it: $name', async ({ name }) => {
    await using unpacked = await unpackFunction(await readFile(at(OUT, `${name}.zip`)))
    await using running = await startFunction(unpacked.folder, { AWS_REGION: 'us-east-1' })
    expect(running.loadMs).toBeGreaterThan(0)
  })

  test('makes the same bytes in another time zone', async () => {
    await build({ out: 'east', env: { TZ: 'Pacific/Kiritimati' } })
    expect(await zipOf('east')).toEqual(await zipOf())
  })

  test('replaces an earlier zip in one step and leaves nothing else', async () => {
    const zip = await zipOf()
    await writeFile(at(OUT, 'rotation.zip'), 'an earlier one')
    const earlier = await stat(at(OUT, 'rotation.zip'))
    await build()
    expect(await zipOf()).toEqual(zip)
    expect((await stat(at(OUT, 'rotation.zip'))).ino).not.toBe(earlier.ino)
    expect(await readdir(at(OUT))).toEqual(FUNCTIONS.map(({ name }) => `${name}.zip`).toSorted())
  })

  test('tells the path, the size and both forms of the hash', async () => {
    const zip = await zipOf()
    const hash = createHash('sha256').update(zip)
    const [codeSha256, file] = [hash.copy().digest('base64'), at(OUT, 'rotation.zip')]
    const told = { name: 'rotation', file, bytes: zip.length, sha256: hash.digest('hex') }
    const how = { handler: 'index.handler', runtime: 'nodejs24.x' }
    expect(JSON.parse(await build({ json: true }))).toMatchObject({
      functions: expect.arrayContaining([{ ...told, codeSha256, ...how }]),
    })
    const text = await build()
    for (const part of [file, `${told.bytes} bytes`, told.sha256, codeSha256])
      expect(text).toContain(part)
  })

  test('says what to run where nothing is built', async () => {
    const missing = lambdaBuildCommand({ out: at('none') }, at('not-built'))
    await expect(missing).rejects.toThrow(UsageError)
    await expect(missing).rejects.toMatchObject({ todo: expect.stringContaining('npm run build') })
  })

  test('says that the folder cannot be written', async () => {
    const refused = lambdaBuildCommand({ out: at(OUT, 'rotation.zip') }, at(BUILT))
    await expect(refused).rejects.toThrow(UsageError)
    await expect(refused).rejects.toThrow('EEXIST')
  })
})

describe.each(['postgres', 'mariadb', 'mysql'] as const)('the function on %s', (engine) => {
  let world: LambdaWorld
  let unpacked: UnpackedFunction
  beforeAll(async () => {
    world = await LambdaWorld.start(engine)
    unpacked = await unpackFunction(await zipOf())
  })
  afterAll(async () => {
    await unpacked[Symbol.asyncDispose]()
    await world[Symbol.asyncDispose]()
  })

  const start = async (more: Readonly<Record<string, string>> = {}): Promise<FunctionProcess> =>
    await startFunction(unpacked.folder, {
      ...{ AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
      ...{ AWS_SESSION_TOKEN: 'test', SECRETS_MANAGER_ENDPOINT: world.fake.endpoint },
      ...{ CUEDOT_TLS_CA: world.rig.caFile, ...more },
    })
  /** All four steps. @returns why the first that was not done was not */
  const rotate = async (running: FunctionProcess, secret: string): Promise<Invoked['error']> => {
    const token = world.announce(secret)
    for (const Step of ROTATION_STEPS) {
      const event = { Step, SecretId: secret, ClientRequestToken: token }
      const { error } = await running.invoke(event)
      if (error) return error
    }
    return undefined
  }
  const loggedIn = async (secret: string): Promise<boolean> => {
    const { username = '', password = '' } = world.held(secret)
    return await world.accepts(username, new Sensitive(password, 'current'))
  }

  test('rotates with nothing but its own files beside it', async () => {
    await using running = await start()
    const secret = await world.makeSecret(world.flat(await world.makeUser()))
    const before = world.held(secret)
    expect(await rotate(running, secret)).toBeUndefined()
    expect(world.held(secret)['password']).not.toBe(before['password'])
    expect(await loggedIn(secret)).toBe(true)
  })

  test('rotates two users in turn', async () => {
    await using running = await start()
    const user = await world.makeUser()
    const more = { masterarn: world.adminSecret }
    const secret = await world.makeSecret(world.flat(user, more))
    expect(await rotate(running, secret)).toBeUndefined()
    expect(world.held(secret)['username']).not.toBe(user.username)
    expect(await loggedIn(secret)).toBe(true)
  })
  test.each([
    [undefined, 'ADMIN_ELSEWHERE'],
    ['denied', 'ERR_OWNER_DENIED'],
  ] as const)('asks RDS whether two hosts belong together (%s)', async (kind, says) => {
    const nothing = { secret: '', secretArn: '', username: '', setPassword: async () => undefined }
    const managed = { kind: 'instance', id: 'localhost', secrets: world.fake.managed } as const
    await using rds = await startRds({ ...managed, ...nothing })
    if (kind) rds.fail({ kind })
    await using running = await start({ AWS_ENDPOINT_URL_RDS: rds.endpoint })
    const user = await world.makeUser()
    const elsewhere = world.flat(user, { host: 'elsewhere.example.com' })
    const masterarn = await world.makeSecret(elsewhere)
    const secret = await world.makeSecret(world.flat(user, { masterarn }))
    const { name, message } = (await rotate(running, secret)) ?? {}
    expect(`${name}: ${message}`).toContain(says)
    expect(rds.log).toEqual(['DescribeDBInstances'])
  })
})

/**
 * The permissions of each file.
 * @see PKWARE APPNOTE.TXT, "Central directory structure": external file attributes
 */
function modesOf(zip: Buffer): readonly number[] {
  const parts = zip.toString('latin1').split('PK\u0001\u0002').slice(1)
  return parts.map((part) => Buffer.from(part, 'latin1').readUInt16LE(36))
}
