// Goal: what cuedot makes of a Job, and reads from one, is what Kubernetes takes and means by it.
// Method: the real API server with the controllers of Jobs and Deployments; the pod of the Job is a
// process that rotates the credential of an OpenEMR on a real MariaDB.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import {
  createDeployment,
  DEPLOYMENT,
  openemrRules,
} from '../../testkit/src/conformance/kubernetes-deployment.ts'
import { createSecret, SECRET } from '../../testkit/src/conformance/kubernetes-secret.ts'
import { startOpenemr } from '../../testkit/src/openemr/world.ts'
import type { OpenemrWorld } from '../../testkit/src/openemr/world.ts'
import { startRealCluster } from '../../testkit/src/servers/kubernetes/fixture.ts'
import type { RealCluster, RealKubernetes } from '../../testkit/src/servers/kubernetes/fixture.ts'
import { PROGRAM, cuedot } from './cli-process.ts'
import type { CliResult } from './cli-process.ts'
import { lastLine, useMariadb } from './openemr-fixture.ts'
import { cronJobOf, operatorRules } from './openemr-operator-eks-fixture.ts'
import type { Templated } from './openemr-operator-eks-fixture.ts'

const on = useMariadb()
let cluster: RealCluster

beforeAll(async () => {
  cluster = await startRealCluster()
})

afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
})

interface Operated extends AsyncDisposable {
  readonly world: OpenemrWorld
  readonly kubernetes: RealKubernetes
  /** With a manifest that runs this. */
  operate(args: readonly string[], template?: Partial<Templated>): Promise<CliResult>
  jobs(): Promise<readonly unknown[]>
}

async function start(): Promise<Operated> {
  await using starting = new AsyncDisposableStack()
  const { server, tls } = on()
  const world = starting.use(await startOpenemr(server, tls, { at: 'on-a' }))
  const kubernetes = starting.use(await cluster.start())
  const { namespace } = kubernetes
  await createSecret(kubernetes, world.initial)
  await createDeployment(kubernetes, { command: world.worker })
  const variables = {
    ...world.env,
    ...{ KUBECONFIG: await kubernetes.userWith(openemrRules()), K8S_SECRET_NAME: SECRET },
    ...{ K8S_NAMESPACE: namespace, K8S_DEPLOYMENT_NAME: DEPLOYMENT },
  }
  const env = { KUBECONFIG: await kubernetes.userWith(operatorRules()), K8S_NAMESPACE: namespace }
  const usual = { command: [process.execPath, PROGRAM, 'openemr'], variables }
  const running = starting.move()
  return {
    ...{ world, kubernetes },
    operate: async (args, template) => {
      const { jobTemplate } = cronJobOf({ ...usual, ...template }).spec
      const manifest = join(world.sites, 'job.yaml')
      const metadata = { name: 'credential-rotation', namespace }
      const job = { apiVersion: 'batch/v1', kind: 'Job', ...jobTemplate, metadata }
      await writeFile(manifest, stringify(job))
      const [command = '', ...rest] = args
      const all = ['openemr', command, '--manifest', manifest, ...rest]
      return await cuedot(all, { cwd: world.sites, env })
    },
    jobs: async () => {
      const path = `/apis/batch/v1/namespaces/${namespace}/jobs`
      const { body } = await kubernetes.admin({ method: 'GET', path })
      return Array.isArray(body['items']) ? body['items'] : []
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

describe('cuedot openemr run with a real API server', () => {
  test('W24 rotates in a Job, shows its log and returns its exit code', async () => {
    await using it = await start()
    const verified = await it.operate(['verify', '--job'])
    expect(lastLine(verified), verified.stderr).toEqual({ status: 'ok', action: 'verify' })
    const ended = await it.operate(['run'])
    expect(lastLine(ended), ended.stderr).toMatchObject({ status: 'ok', active_slot: 'B' })
    expect(ended.code).toBe(0)
    expect(ended.stdout).toContain('STEP_WAITING')
    expect(await it.jobs()).toHaveLength(2)
    expect((await it.world.report()).failed).toEqual([])
  })

  test('W24 sees a Job that fails, one that its deadline ends, one that still runs', async () => {
    await using it = await start()
    const sleeps = ['/bin/sh', '-c', 'echo begun; exec sleep 600']
    const failing = ['/bin/sh', '-c', 'echo begun; exit 1']
    const failed = await it.operate(['run'], { command: failing })
    expect(lastLine(failed)['error'], failed.stderr).toContain('ended with exit code 1')
    expect(failed.stdout).toMatch(/^begun\n/)
    expect(failed.code).toBe(1)
    const late = await it.operate(['run'], { command: sleeps, deadlineSeconds: 3 })
    expect(lastLine(late)['error'], late.stderr).toContain('DeadlineExceeded')
    expect(late.code).toBe(1)
    const left = await it.operate(['run', '--limit', '2s'], { command: sleeps })
    expect(lastLine(left)['error'], left.stderr).toContain('may still run')
    const second = await it.operate(['run'], { command: sleeps })
    expect(lastLine(second)).toMatchObject({ code: 'ERR_JOB_RUNNING' })
    expect(await it.jobs()).toHaveLength(3)
  })
})
