import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { configTargetConformance } from '../../testkit/src/conformance/config-target.ts'
import {
  base64,
  createSecret,
  readSecret,
  SECRET,
  secretAccess,
  secretData,
  secretFixture,
  secretPath,
} from '../../testkit/src/conformance/kubernetes-secret.ts'
import {
  call,
  FIRST,
  kubernetesSecretSuite,
  rejected,
  SECOND,
} from '../../testkit/src/conformance/kubernetes-secret-suite.ts'
import { startFakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import type { FakeCluster, FakeNamespace } from '../../testkit/src/fakes/kubernetes.ts'
import type { KubernetesFaultKind } from '../../testkit/src/fakes/kubernetes-api.ts'
import { secretTarget } from '../src/adapters/kubernetes/secret-target.ts'
import type { ConfigTarget } from '../src/ports/config-target.ts'

let cluster: FakeCluster

beforeAll(async () => {
  cluster = await startFakeCluster()
})
afterAll(() => cluster[Symbol.asyncDispose]())

configTargetConformance('a Secret of the fake Kubernetes', async (initial) => {
  const kubernetes = await cluster.namespace()
  const breakWrites = (): AsyncDisposable => {
    kubernetes.fail({ kind: 'throttle', operation: 'patch secrets', calls: 100 })
    return { [Symbol.asyncDispose]: async () => kubernetes.heal() }
  }
  return secretFixture({ kubernetes, make: secretTarget, initial, breakWrites })
})

kubernetesSecretSuite('the fake Kubernetes', () => cluster.namespace(), secretTarget)

async function begun(): Promise<{ kubernetes: FakeNamespace; target: ConfigTarget }> {
  const kubernetes = await cluster.namespace()
  onTestFinished(() => kubernetes[Symbol.asyncDispose]())
  await createSecret(kubernetes, FIRST)
  return { kubernetes, target: secretTarget(await secretAccess(kubernetes)) }
}

/** Patches as an administrator, right before the next patch of the adapter is looked at. */
function editFirst(kubernetes: FakeNamespace, calls: number, data: () => object): void {
  const { namespace } = kubernetes
  kubernetes.fail({
    kind: 'none',
    operation: 'patch secrets',
    calls,
    first: () =>
      kubernetes.edit({ resource: 'secrets', namespace, name: SECRET }, { data: data() }),
  })
}

describe('a Secret that somebody else changes in between', () => {
  test('is read and written again when the edit was about something else', async () => {
    const { kubernetes, target } = await begun()
    editFirst(kubernetes, 1, () => ({ 'redis-password': base64('edited') }))
    await target.write(SECOND, call())
    const { data } = await readSecret(kubernetes)
    expect(data).toMatchObject({ ...secretData(SECOND), 'redis-password': base64('edited') })
  })

  test('is left alone when the edit was a credential', async () => {
    const { kubernetes, target } = await begun()
    const edit = { 'mysql-user': base64('somebody'), 'mysql-password': base64('else') }
    editFirst(kubernetes, 1, () => edit)
    const where = `Secret ${kubernetes.namespace}/${SECRET}`
    const changed = { code: 'ERR_TARGET_CHANGED', details: { path: where } }
    await expect(target.write(SECOND, call())).rejects.toMatchObject(changed)
    expect((await readSecret(kubernetes))['data']).toMatchObject(edit)
  })

  test('is fine when the edit was the same credential', async () => {
    const { kubernetes, target } = await begun()
    editFirst(kubernetes, 1, () => secretData(SECOND))
    await target.write(SECOND, call())
    expect((await readSecret(kubernetes))['data']).toMatchObject(secretData(SECOND))
  })

  test('is given up when it never holds still', async () => {
    const { kubernetes, target } = await begun()
    let edits = 0
    editFirst(kubernetes, 100, () => ({ counter: base64(String((edits += 1))) }))
    await expect(target.write(SECOND, call())).rejects.toMatchObject({ code: 'ERR_TARGET_CHANGED' })
    expect((await readSecret(kubernetes))['data']).toMatchObject(secretData(FIRST))
    expect(edits).toBe(5)
  })
})

describe('a Secret whose API server fails', () => {
  const path = (kubernetes: FakeNamespace): string => secretPath(kubernetes.namespace)

  test.for([
    ['throttle', 'ERR_KUBERNETES_THROTTLED', 'safe'],
    ['unavailable', 'ERR_KUBERNETES_UNREACHABLE', 'safe'],
    ['request-lost', 'ERR_KUBERNETES_UNREACHABLE', 'safe'],
  ] as const)('reading: %s is %s, which may be tried again', async ([kind, code, retry]) => {
    const { kubernetes, target } = await begun()
    kubernetes.fail({ kind, operation: 'get secrets' })
    await expect(target.read(call())).rejects.toMatchObject({ code, retry })
    expect((await target.read(call())).username).toBe(FIRST.username)
  })

  test.for<readonly [KubernetesFaultKind, string, boolean]>([
    ['throttle', 'ERR_KUBERNETES_THROTTLED', false],
    ['unavailable', 'ERR_OUTCOME_UNKNOWN', false],
    ['request-lost', 'ERR_OUTCOME_UNKNOWN', false],
    ['answer-lost', 'ERR_OUTCOME_UNKNOWN', true],
    ['broken', 'ERR_OUTCOME_UNKNOWN', true],
  ])('writing: %s is %s and is not repeated', async ([kind, code, isWritten]) => {
    const { kubernetes, target } = await begun()
    kubernetes.fail({ kind, operation: 'patch secrets' })
    await expect(target.write(SECOND, call())).rejects.toMatchObject({ code })
    const { body } = await kubernetes.admin({ method: 'GET', path: path(kubernetes) })
    expect(body['data']).toMatchObject(secretData(isWritten ? SECOND : FIRST))
    await target.write(SECOND, call())
    expect((await target.read(call())).username).toBe(SECOND.username)
  })

  test('does not wait longer than the call for an answer', async () => {
    const { kubernetes, target } = await begun()
    kubernetes.fail({ kind: 'hang', operation: 'patch secrets' })
    const over = { signal: AbortSignal.timeout(500) }
    const unknown = { code: 'ERR_OUTCOME_UNKNOWN' }
    await expect(target.write(SECOND, over)).rejects.toMatchObject(unknown)
    kubernetes.fail({ kind: 'hang', operation: 'get secrets' })
    const error = await rejected(target.read({ signal: AbortSignal.timeout(500) }))
    expect(error).toMatchObject({ name: 'TimeoutError' })
  })

  test('sends a patch that the API server knows to merge', async () => {
    const { kubernetes } = await begun()
    for (const contentType of ['application/json-patch+json', 'application/json']) {
      const body = { data: {} }
      const request = { method: 'PATCH', path: path(kubernetes), body, contentType } as const
      expect((await kubernetes.admin(request)).status).toBe(415)
    }
  })
})

describe('the options of a Secret', () => {
  test('refuse another type than the one that was named', async () => {
    const { kubernetes } = await begun()
    const target = secretTarget({
      ...(await secretAccess(kubernetes)),
      type: 'kubernetes.io/basic-auth',
    })
    const problem = 'its type is Opaque, not kubernetes.io/basic-auth'
    await expect(target.read(call())).rejects.toMatchObject({ details: { problem } })
  })

  test('refuse keys that no Secret can have', () => {
    const access = { id: 's', namespace: 'n', name: 's' }
    const keys = { username: 'a/b', password: 'p' }
    expect(() => secretTarget({ ...access, keys })).toThrow('ERR_CONFIG')
    expect(() => secretTarget({ ...access, keys: { username: 'p', password: 'p' } })).toThrow(
      'stands for two values',
    )
  })

  test('take a port, and an empty one as none', async () => {
    const { kubernetes } = await begun()
    const access = await secretAccess(kubernetes)
    const withPort = secretTarget({ ...access, keys: { ...access.keys, port: 'port' } })
    const patch = async (port: string): Promise<void> => {
      const body = { data: { port: base64(port) } }
      await kubernetes.admin({ method: 'PATCH', path: path(kubernetes), body })
    }
    await patch('3306')
    expect((await withPort.read(call())).port).toBe(3306)
    await patch('')
    expect(await withPort.read(call())).not.toHaveProperty('port')
    await patch('x')
    await expect(withPort.read(call())).rejects.toMatchObject({ code: 'ERR_TARGET_UNPARSABLE' })
  })
  const path = (kubernetes: FakeNamespace): string => secretPath(kubernetes.namespace)
})
