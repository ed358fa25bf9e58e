import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { inspect, promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  OPENEMR_KEYS,
  SECRET,
  secretAccess,
} from '../../testkit/src/conformance/kubernetes-secret.ts'
import { call, FIRST, rejected } from '../../testkit/src/conformance/kubernetes-secret-suite.ts'
import { startFakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import type { FakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import { freePort } from '../../testkit/src/servers/ports.ts'
import type { ConfigTarget } from '../src/ports/config-target.ts'
import { becomePod, world } from './kubernetes-world.ts'
import type { World } from './kubernetes-world.ts'

const run = promisify(execFile)

/** The variable with which Node verifies no certificate at all. */
const UNVERIFIED = ['NODE', 'TLS', 'REJECT', 'UNAUTHORIZED'].join('_')

let cluster: FakeCluster

beforeAll(async () => {
  cluster = await startFakeCluster()
})
afterAll(() => cluster[Symbol.asyncDispose]())

async function username(target: ConfigTarget): Promise<string> {
  return (await target.read(call())).username
}

describe('the credentials for Kubernetes', () => {
  test('T72: are those of the pod, before any kubeconfig', async () => {
    const own = await world(cluster)
    await becomePod(own, own.token)
    vi.stubEnv('KUBECONFIG', await own.kubeconfig({ current: 'wrong' }))
    expect(await username(own.target({ root: own.folder }))).toBe(FIRST.username)
  })

  test('T72: are those of KUBECONFIG outside of a pod', async () => {
    const own = await world(cluster)
    vi.stubEnv('KUBECONFIG', await own.kubeconfig())
    expect(await username(own.target())).toBe(FIRST.username)
  })

  test('are those of ~/.kube/config where nothing else is said', async () => {
    const own = await world(cluster)
    await mkdir(join(own.folder, '.kube'))
    const text = await readFile(await own.kubeconfig())
    await writeFile(join(own.folder, '.kube/config'), text)
    expect(await username(own.target())).toBe(FIRST.username)
  })

  test('are those of the kubeconfig and context that are named, even in a pod', async () => {
    const own = await world(cluster)
    await becomePod(own, 'unknown')
    const kubeconfig = await own.kubeconfig({ current: 'wrong' })
    const target = own.target({ root: own.folder, kubeconfig, context: 'right' })
    expect(await username(target)).toBe(FIRST.username)
  })

  test('are read again from the pod when the API server does not know them any more', async () => {
    const own = await world(cluster)
    const file = await becomePod(own, own.token)
    const target = own.target({ root: own.folder })
    await username(target)
    const { kubeconfig } = await secretAccess(own.kubernetes)
    own.kubernetes.revoke(own.token)
    await writeFile(file, own.kubernetes.tokenOf(kubeconfig))
    expect(await username(target)).toBe(FIRST.username)
  })
})

describe('a credential plugin', () => {
  const plugin = (command: string, args: readonly string[]): object => ({
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command,
      args,
      interactiveMode: 'Never',
    },
  })
  const printing = (file: string): object => plugin('/bin/cat', [file])
  const credential = (token: string): string =>
    JSON.stringify({
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token },
    })

  test('is asked for a token, and for another one when that has expired', async () => {
    const own = await world(cluster)
    const file = join(own.folder, 'credential.json')
    await writeFile(file, credential(own.token))
    const target = own.target({ kubeconfig: await own.kubeconfig({ user: printing(file) }) })
    expect(await username(target)).toBe(FIRST.username)
    const { kubeconfig } = await secretAccess(own.kubernetes)
    own.kubernetes.revoke(own.token)
    await writeFile(file, credential(own.kubernetes.tokenOf(kubeconfig)))
    expect(await username(target)).toBe(FIRST.username)
  })

  test.for([
    ['is not there', '/does/not/exist', '(ENOENT)'],
    ['fails', '/bin/false', 'failed'],
  ] as const)('that %s is named', async ([, command, says]) => {
    const own = await world(cluster)
    const user = plugin(command, [])
    const target = own.target({ kubeconfig: await own.kubeconfig({ user }) })
    const error = await rejected(target.read(call()))
    expect(error).toMatchObject({ code: 'ERR_KUBERNETES_LOGIN', retry: 'never' })
    expect(error).toHaveProperty('details.problem', expect.stringContaining(command))
    expect(error).toHaveProperty('details.problem', expect.stringContaining(says))
  })

  test('that hangs holds nobody up, and what it says is not shown', async () => {
    const own = await world(cluster)
    const ended = join(own.folder, 'ended')
    const user = plugin('/bin/sh', ['-c', 'sleep 3; echo > "$0"', ended])
    const target = own.target({ kubeconfig: await own.kubeconfig({ user }) })
    const error = await rejected(target.read({ signal: AbortSignal.timeout(300) }))
    expect(error).toMatchObject({ name: 'TimeoutError' })
    await expect(readFile(ended)).rejects.toThrow('ENOENT')
    const loud = plugin('/bin/sh', ['-c', 'echo canary-token >&2; exit 1'])
    const other = own.target({ kubeconfig: await own.kubeconfig({ user: loud }) })
    const shown = inspect(await rejected(other.read(call())), { depth: 9 })
    expect(shown).not.toContain('canary-token')
  })
})

describe('a cluster that cannot be used', () => {
  test('is not talked to without verified TLS', async () => {
    const own = await world(cluster)
    const { apiUrl } = own.kubernetes
    vi.stubEnv(UNVERIFIED, '0')
    const unknownCa = await own.kubeconfig({ cluster: { server: apiUrl } })
    const error = await rejected(own.target({ kubeconfig: unknownCa }).read(call()))
    expect(error).toMatchObject({ code: 'ERR_KUBERNETES_TLS', retry: 'never' })
    expect(error).toHaveProperty('details.reason', expect.stringMatching(/CERT|SIGNATURE/))
  })

  test('is not talked to without verified TLS in a pod', async () => {
    const own = await world(cluster)
    const token = await becomePod(own, own.token)
    await writeFile(join(dirname(token), 'ca.crt'), cluster.tls.untrustedCa)
    vi.stubEnv(UNVERIFIED, '0')
    const error = await rejected(own.target({ root: own.folder }).read(call()))
    expect(error).toMatchObject({ code: 'ERR_KUBERNETES_TLS', retry: 'never' })
  })

  test('says what is missing in a pod that has lost its token', async () => {
    const own = await world(cluster)
    const token = await becomePod(own, own.token)
    const target = own.target({ root: own.folder })
    await username(target)
    await rm(token)
    const error = await rejected(target.read(call()))
    expect(error).toMatchObject({ code: 'ERR_KUBERNETES_LOGIN' })
    expect(error).toHaveProperty('details.problem', 'the credentials failed (ENOENT)')
  })

  test('may be below a path, as behind a proxy', async () => {
    const own = await world(cluster)
    const server = `${own.kubernetes.apiUrl}/`
    const reached = { server, 'certificate-authority': own.kubernetes.caFile }
    const kubeconfig = await own.kubeconfig({ cluster: reached })
    expect(await username(own.target({ kubeconfig }))).toBe(FIRST.username)
  })

  test.for([
    ['skips verification', { 'insecure-skip-tls-verify': true }, 'insecure-skip-tls-verify'],
    ['is not https', { server: 'http://127.0.0.1:1' }, 'must be an https URL'],
  ] as const)('is refused when the kubeconfig %s', async ([, extra, problem]) => {
    const own = await world(cluster)
    const server = { server: own.kubernetes.apiUrl, ...extra }
    const kubeconfig = await own.kubeconfig({ cluster: server })
    const error = await rejected(own.target({ kubeconfig }).read(call()))
    expect(error).toMatchObject({ code: 'ERR_CONFIG' })
    expect(error).toHaveProperty('details.problem', expect.stringContaining(problem))
  })

  test('is named when nothing listens there', async () => {
    const own = await world(cluster)
    const kubeconfig = await own.kubeconfig({
      cluster: { server: `https://127.0.0.1:${await freePort()}` },
    })
    const target = own.target({ kubeconfig })
    const gone = { code: 'ERR_KUBERNETES_UNREACHABLE', details: { reason: 'ECONNREFUSED' } }
    await expect(target.read(call())).rejects.toMatchObject(gone)
  })

  test.for([
    ['there is none', undefined, undefined, 'there are no credentials for Kubernetes'],
    ['it is not there', '/does/not/exist', undefined, 'cannot be read (ENOENT)'],
    ['the context is not in it', 'real', 'nobody', 'there is no context nobody; there are: right'],
  ] as const)('names the kubeconfig: %s', async ([, file, context, problem]) => {
    const own = await world(cluster)
    const kubeconfig = file === 'real' ? await own.kubeconfig() : file
    const target = own.target({ ...(kubeconfig && { kubeconfig }), ...(context && { context }) })
    const error = await rejected(target.read(call()))
    expect(error).toMatchObject({ code: 'ERR_CONFIG' })
    expect(error).toHaveProperty('details.problem', expect.stringContaining(problem))
  })

  test('does not show what a broken kubeconfig holds', async () => {
    const own = await world(cluster)
    const kubeconfig = join(own.folder, 'broken')
    await writeFile(kubeconfig, 'users:\n  - token: canary-token\n - [')
    const error = await rejected(own.target({ kubeconfig }).read(call()))
    expect(error).toMatchObject({ code: 'ERR_CONFIG' })
    expect(inspect(error, { depth: 9 })).not.toContain('canary')
  })
})

describe('without the package @kubernetes/client-node', () => {
  /** Reads the Secret in a process that cannot load the package. */
  async function readWithout(own: World, env: Readonly<Record<string, string>>): Promise<string> {
    const hooks = join(own.folder, 'hooks.mjs')
    await writeFile(
      hooks,
      `import { registerHooks } from 'node:module'
       registerHooks({
         resolve(specifier, context, next) {
           if (specifier !== '@kubernetes/client-node') return next(specifier, context)
           throw Object.assign(new Error('not found'), { code: 'ERR_MODULE_NOT_FOUND' })
         },
       })`,
    )
    const adapter = new URL('../src/adapters/kubernetes/secret-target.ts', import.meta.url)
    const { namespace } = own.kubernetes
    const root = own.folder
    const options = { id: 's', namespace, name: SECRET, keys: OPENEMR_KEYS, root }
    const script = `
      const { secretTarget } = await import(${JSON.stringify(adapter.href)})
      const target = secretTarget(${JSON.stringify(options)})
      const call = { signal: AbortSignal.timeout(9000) }
      const told = (error) => error.code + ' ' + error.details.problem
      console.log(await target.read(call).then((read) => read.username, told))`
    const flags = ['--conditions=cuedot-source', '--import', hooks, '--input-type=module']
    const { stdout } = await run(process.execPath, [...flags, '-e', script], {
      env: { PATH: process.env['PATH'] ?? '', HOME: own.folder, ...env },
    })
    return stdout.trim()
  }

  test('says which package a kubeconfig needs', async () => {
    const own = await world(cluster)
    expect(await readWithout(own, { KUBECONFIG: await own.kubeconfig() })).toBe(
      'ERR_CONFIG a kubeconfig needs this package: npm install @kubernetes/client-node@2',
    )
  })

  test('works in a pod', async () => {
    const own = await world(cluster)
    await becomePod(own, own.token)
    const { hostname, port } = new URL(own.kubernetes.apiUrl)
    const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port }
    expect(await readWithout(own, env)).toBe(FIRST.username)
  })
})
