// Goal: an operator who starts a rotation on EKS by hand is told how it ended, and never ends one
// that runs. Method: the command line makes a Job in the fake of the API server; its pod is a
// process that runs the same program on a real MariaDB, as the image does.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { startFakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import type { FakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import { lastLine, useMariadb } from './openemr-fixture.ts'
import { cronJobOf, operatorOnEks, operatorRules } from './openemr-operator-eks-fixture.ts'
import type { JobOperator, JobStart } from './openemr-operator-eks-fixture.ts'

const on = useMariadb()
let cluster: FakeCluster

beforeAll(async () => {
  cluster = await startFakeCluster()
})

afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
})

async function start(options: Partial<JobStart> = {}): Promise<JobOperator> {
  return await operatorOnEks(on(), cluster, { at: 'on-a', ...options })
}

const SLEEPS = ['/bin/sh', '-c', 'echo begun; exec sleep 600'] as const

describe('cuedot openemr run on EKS', () => {
  test('makes a Job from the CronJob, shows its log and returns its exit code', async () => {
    await using it = await start()
    const ended = await it.operate(['run'])
    expect(lastLine(ended), ended.stderr).toMatchObject({ status: 'ok', active_slot: 'B' })
    expect(ended.code).toBe(0)
    expect(ended.stdout).toContain('STEP_WAITING')
    const [job, ...more] = await it.jobs()
    expect(more).toEqual([])
    expect(job?.metadata.name).toMatch(/^credential-rotation-[0-9a-f]{12}$/)
    expect(job?.metadata.labels).toEqual({ app: 'credential-rotation', component: 'security' })
    expect(job?.spec).toMatchObject({
      ...{ backoffLimit: 0, activeDeadlineSeconds: 7_200, ttlSecondsAfterFinished: 604_800 },
      template: { spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 120 } },
    })
    expect(it.world.slots().active_slot).toBe('B')
    const again = await it.operate(['run', '--', '--dry-run'])
    expect(lastLine(again)).toMatchObject({ status: 'ok', dry_run: true })
    expect(await it.jobs()).toHaveLength(2)
  })

  test('W24 sees a Job that fails, and its exit code', async () => {
    await using it = await start({ variables: { RDS_ADMIN_SECRET_ID: 'none' } })
    const ended = await it.operate(['run'])
    expect(lastLine(ended)).toMatchObject({ status: 'error', code: 'ERR_STORE_NOT_FOUND' })
    expect(ended.code).toBe(1)
  })

  test('W24 a Job that may run is named, and neither deleted nor joined', async () => {
    await using it = await start({ command: SLEEPS })
    await it.make('credential-rotation')
    const ended = await it.operate(['run'])
    expect(lastLine(ended)).toMatchObject({ status: 'error', code: 'ERR_JOB_RUNNING' })
    expect(lastLine(ended)['error']).toContain(`${it.kubernetes.namespace}/credential-rotation`)
    expect(ended.code).toBe(1)
    expect(await it.jobs()).toHaveLength(1)
    expect(it.kubernetes.log.filter((call) => call.startsWith('delete'))).toEqual([])
  })

  test('follows with --attach the Job that runs, and starts none', async () => {
    const waits = 'echo begun; until [ -e "$OPENEMR_SITES_MOUNT_ROOT/go" ]; do sleep 0.1; done'
    const command = ['/bin/sh', '-c', `${waits}; echo over; exit 1`] as const
    await using it = await start({ command })
    const none = await it.operate(['run', '--attach'])
    expect(none.code).toBe(1)
    await it.make('credential-rotation-29384756')
    const started = it.startOperator(['run', '--attach'])
    await started.shows('begun')
    await writeFile(join(it.world.sites, 'go'), '')
    const ended = await started.ended
    expect(ended.stdout).toMatch(/^begun\nover\n/)
    expect(lastLine(ended)['error']).toContain('ended with exit code 1')
    expect(ended.code).toBe(1)
    expect(await it.jobs()).toHaveLength(1)
  })

  test('a Job that its deadline ends has failed, with the reason', async () => {
    await using it = await start({ command: SLEEPS, deadlineSeconds: 2 })
    const ended = await it.operate(['run'])
    expect(ended.stdout).toContain('begun')
    expect(lastLine(ended)['error']).toContain('DeadlineExceeded')
    expect(ended.code).toBe(1)
  })

  test('an image that cannot be pulled is said while it is waited for', async () => {
    await using it = await start()
    await it.kubernetes.setPods('image-missing')
    const ended = await it.operate(['run', '--limit', '2s'])
    expect(ended.stderr).toMatch(/pod credential-rotation-\S+: ImagePullBackOff/)
    expect(lastLine(ended)['error']).toContain('may still run')
    expect(ended.code).toBe(1)
  })

  test('a Job that somebody deletes has failed', async () => {
    await using it = await start({ command: SLEEPS })
    const started = it.startOperator(['run'])
    await started.shows('begun')
    await it.deleteJobs()
    const ended = await started.ended
    expect(lastLine(ended)['error']).toContain('somebody has deleted the Job')
    expect(ended.code).toBe(1)
  })

  test('a lost answer of the creation makes no second Job', async () => {
    await using it = await start()
    it.kubernetes.fail({ kind: 'answer-lost', operation: 'create jobs' })
    const ended = await it.operate(['run', '--', '--dry-run'])
    expect(ended.code, ended.stdout).toBe(0)
    expect(await it.jobs()).toHaveLength(1)
  })

  test('names each permission that the operator lacks', async () => {
    await using it = await start()
    for (const [verb, resource] of [
      ...([
        ['get', 'cronjobs'],
        ['list', 'jobs'],
        ['create', 'jobs'],
      ] as const),
    ]) {
      const rules = operatorRules().filter(
        (rule) => !(rule.resources.includes(resource) && rule.verbs.includes(verb)),
      )
      const env = { KUBECONFIG: await it.kubernetes.userWith(rules) }
      const ended = await it.operate(['run', '--', '--dry-run'], env)
      expect(lastLine(ended)['error']).toContain(`needs: ${verb} ${resource}`)
      expect(ended.code).toBe(1)
    }
    expect(await it.jobs()).toEqual([])
  })

  test('a log that may not be read is told once, and the exit code counts', async () => {
    await using it = await start()
    const rules = operatorRules().filter(({ resources }) => !resources.includes('pods/log'))
    const env = { KUBECONFIG: await it.kubernetes.userWith(rules) }
    const ended = await it.operate(['run', '--', '--dry-run'], env)
    expect(ended).toMatchObject({ code: 0, stdout: '{"status": "ok"}\n' })
    expect(ended.stderr.match(/needs: get pods\/log/g)).toHaveLength(1)
  })

  test('makes the Job from a manifest, and fills its placeholders as texts', async () => {
    await using it = await start({ withoutCronJob: true })
    const { namespace } = it.kubernetes
    const none = await it.operate(['run'])
    expect(lastLine(none)['error']).toContain(`CronJob ${namespace}/credential-rotation`)
    const file = join(it.world.sites, 'job.yaml')
    const image = '${CREDENTIAL_ROTATION_IMAGE}'
    const { jobTemplate } = cronJobOf({ ...it.template, image, args: '${ARGS}' }).spec
    const manifest = { ...jobTemplate, metadata: { name: 'credential-rotation', namespace } }
    const document = { apiVersion: 'batch/v1', kind: 'Job', ...manifest }
    await writeFile(file, `---\n${stringify({ kind: 'Namespace' })}---\n${stringify(document)}`)
    const missing = await it.operate(['run', '--manifest', file])
    expect(lastLine(missing)['error']).toContain('placeholders CREDENTIAL_ROTATION_IMAGE')
    const given = 'x", "privileged": true #'
    const env = { CREDENTIAL_ROTATION_IMAGE: given }
    const ended = await it.operate(['run', '--manifest', file, '--', '--dry-run'], env)
    expect(lastLine(ended), ended.stderr).toMatchObject({ status: 'ok', dry_run: true })
    const [job] = await it.jobs()
    expect(job?.spec.template.spec.containers[0]?.image).toBe(given)
  })

  test('a CronJob that was applied with its placeholders is refused', async () => {
    await using it = await start({ image: '${CREDENTIAL_ROTATION_IMAGE}' })
    const ended = await it.operate(['run'])
    expect(lastLine(ended)).toMatchObject({ code: 'ERR_JOB_TEMPLATE' })
    const given = await it.operate(['run', '--image', 'cuedot:1', '--', '--dry-run'])
    expect(given.code).toBe(0)
  })
})
