import { inspect } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import type { Call } from '../../../rotator/src/ports/call.ts'
import type { KubernetesFixture, StartKubernetes } from './kubernetes-fixture.ts'
import {
  base64,
  createSecret,
  metadataOf,
  readSecret,
  SECRET,
  secretAccess,
  secretData,
  secretPath,
} from './kubernetes-secret.ts'
import type { MakeSecretTarget } from './kubernetes-secret.ts'

/** The credential that a Secret begins with. */
export const FIRST: Credential = credential('openemr_a', 'first-password-1')
/** The credential that is written. */
export const SECOND: Credential = credential('openemr_b', 'second-password-2')

function credential(username: string, password: string): Credential {
  const endpoint = { host: 'db.internal', port: 3306, dbname: 'openemr' }
  return { username, password: new Sensitive(password, 'password'), ...endpoint }
}

/** A call with more time than any test needs. */
export function call(): Call {
  return { signal: AbortSignal.timeout(30_000) }
}

/** What a rejected promise was rejected with. */
export async function rejected(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => expect.unreachable('it was not refused'),
    (error: unknown) => error,
  )
}

/** Registers what a Secret as a config target does beyond every other config target. */
export function kubernetesSecretSuite(
  name: string,
  start: StartKubernetes,
  make: MakeSecretTarget,
): void {
  const begin = async (more?: object): Promise<KubernetesFixture> => {
    const kubernetes = await start()
    onTestFinished(() => kubernetes[Symbol.asyncDispose]())
    if (more) await createSecret(kubernetes, FIRST, { ...more })
    return kubernetes
  }
  describe(`a Secret on ${name}`, () => {
    writingTests(begin, make)
    refusalTests(begin, make)
    permissionTests(begin, make)
  })
}

type Begin = (more?: object) => Promise<KubernetesFixture>

function writingTests(begin: Begin, make: MakeSecretTarget): void {
  test('T69: has the four values in base64 under their keys', async () => {
    const kubernetes = await begin({})
    await make(await secretAccess(kubernetes)).write(SECOND, call())
    expect(await readSecret(kubernetes)).toMatchObject({ data: secretData(SECOND) })
  })

  test('keeps what somebody else writes to other keys all the while', async () => {
    const kubernetes = await begin({})
    const target = make(await secretAccess(kubernetes))
    const path = secretPath(kubernetes.namespace)
    let written = 0
    const writing = new AbortController()
    const other = (async () => {
      while (!writing.signal.aborted) {
        const body = { data: { counter: base64(String(written + 1)) } }
        expect((await kubernetes.admin({ method: 'PATCH', path, body })).status).toBe(200)
        written += 1
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })()
    for (let round = 0; round < 10; round += 1)
      await target.write(round % 2 === 0 ? SECOND : FIRST, call())
    writing.abort()
    await other
    const { data } = await readSecret(kubernetes)
    expect(data).toMatchObject({ ...secretData(FIRST), counter: base64(String(written)) })
    expect(written).toBeGreaterThan(0)
  })
}

function refusalTests(begin: Begin, make: MakeSecretTarget): void {
  test('names a Secret that is not there', async () => {
    const kubernetes = await begin()
    const target = make(await secretAccess(kubernetes))
    const where = `Secret ${kubernetes.namespace}/${SECRET}`
    const missing = { code: 'ERR_TARGET_MISSING', details: { path: where } }
    await expect(target.read(call())).rejects.toMatchObject(missing)
    await expect(target.write(SECOND, call())).rejects.toMatchObject(missing)
  })

  test('names a key that is not there, and writes none', async () => {
    const { 'mysql-host': _host, ...data } = secretData(FIRST)
    const kubernetes = await begin({ data })
    const target = make(await secretAccess(kubernetes))
    const incomplete = { code: 'ERR_TARGET_INCOMPLETE', details: { what: 'key mysql-host' } }
    await expect(target.read(call())).rejects.toMatchObject(incomplete)
    await expect(target.write(SECOND, call())).rejects.toMatchObject(incomplete)
    expect((await readSecret(kubernetes))['data']).toEqual(data)
  })

  test('reads an immutable Secret and says why it does not write to it', async () => {
    const kubernetes = await begin({ immutable: true })
    const target = make(await secretAccess(kubernetes))
    expect((await target.read(call())).username).toBe(FIRST.username)
    await target.write(FIRST, call())
    const immutable = { code: 'ERR_TARGET_UNWRITABLE', details: { reason: 'it is immutable' } }
    await expect(target.write(SECOND, call())).rejects.toMatchObject(immutable)
  })

  test('says that a value is no text, without showing it', async () => {
    const bytes = { ...secretData(FIRST), 'mysql-password': '/+8=' }
    const kubernetes = await begin({ data: bytes })
    const error = await rejected(make(await secretAccess(kubernetes)).read(call()))
    const problem = 'what key mysql-password holds is not UTF-8'
    expect(error).toMatchObject({ code: 'ERR_TARGET_UNPARSABLE', details: { problem } })
    expect(inspect(error, { depth: 9 })).not.toContain('/+8=')
  })
}

function permissionTests(begin: Begin, make: MakeSecretTarget): void {
  const rule = { apiGroups: [''], resources: ['secrets'], resourceNames: [SECRET] }

  test('names the verb and the resource that a Role lacks for reading', async () => {
    const kubernetes = await begin({})
    const target = make(await secretAccess(kubernetes, [{ ...rule, verbs: ['patch'] }]))
    const denied = { code: 'ERR_KUBERNETES_DENIED', details: { needs: 'get secrets' } }
    await expect(target.read(call())).rejects.toMatchObject(denied)
  })

  test('names the verb and the resource that a Role lacks for writing', async () => {
    const kubernetes = await begin({})
    const target = make(await secretAccess(kubernetes, [{ ...rule, verbs: ['get'] }]))
    const before = metadataOf(await readSecret(kubernetes))['resourceVersion']
    const error = await rejected(target.write(SECOND, call()))
    expect(error).toMatchObject({
      code: 'ERR_KUBERNETES_DENIED',
      details: { needs: 'patch secrets' },
    })
    const shown = inspect(error, { depth: 9 })
    for (const form of [SECOND.password.reveal(), base64(SECOND.password.reveal())])
      expect(shown).not.toContain(form)
    expect(metadataOf(await readSecret(kubernetes))['resourceVersion']).toBe(before)
  })

  test('says that a token is not accepted', async () => {
    const kubernetes = await begin({})
    const access = await secretAccess(kubernetes)
    const target = make({ ...access, kubeconfig: await kubernetes.strangerConfig() })
    const unknown = { code: 'ERR_KUBERNETES_LOGIN' }
    await expect(target.read(call())).rejects.toMatchObject(unknown)
    await expect(target.write(SECOND, call())).rejects.toMatchObject(unknown)
  })
}
