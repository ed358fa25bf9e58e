// Goal: an operator who starts a rotation on ECS by hand is told how it ended, by the exit code and
// the last line. Method: the command line starts a task of the fake; the task is a process that
// runs the same program on a real MariaDB, as the image does.
import { chmod, stat } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { ecsIamActions } from '../src/adapters/ecs/iam.ts'
import { ecsOperatorIamActions } from '../src/adapters/ecs/operator-iam.ts'
import { logsIamActions } from '../src/adapters/cloudwatch-logs/iam.ts'
import { operatorOnEcs } from './openemr-operator-fixture.ts'
import { lastLine, useMariadb } from './openemr-fixture.ts'

const on = useMariadb()

describe('cuedot openemr run on ECS', () => {
  test('W23 waits for the task, shows its log and returns its exit code', async () => {
    await using it = await operatorOnEcs(on(), { at: 'on-a' })
    const ended = await it.operate(['run'])
    expect(lastLine(ended), ended.stderr).toMatchObject({ status: 'ok', active_slot: 'B' })
    expect(ended.code).toBe(0)
    expect(ended.stdout).toContain('STEP_WAITING')
    expect(ended.stderr).toMatch(/^Started task openemr\/[0-9a-f]{32}\.$/m)
    expect(it.onEcs.world.slots().active_slot).toBe('B')
    const [run, ...more] = it.onEcs.ecs.calls.filter(({ action }) => action === 'RunTask')
    expect(more).toEqual([])
    expect(run?.body).toMatchObject({
      ...{ cluster: 'openemr', launchType: 'FARGATE', count: 1, startedBy: 'cuedot' },
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1', 'subnet-2'] } },
      overrides: { containerOverrides: [{ name: 'credential-rotation', command: ['--log-json'] }] },
    })
    const asked = new Set(it.operatorActions())
    const granted = [...ecsOperatorIamActions, ...logsIamActions].map(({ action }) => action)
    expect([...asked].filter((action) => !granted.includes(action))).toEqual([])
    expect(ecsIamActions.length).toBeGreaterThan(0)
  })

  test('passes the flags behind -- on', async () => {
    await using it = await operatorOnEcs(on(), { at: 'on-a' })
    const ended = await it.operate(['run', '--', '--dry-run'])
    expect(lastLine(ended)).toMatchObject({ status: 'ok', dry_run: true })
    expect(it.onEcs.world.slots().active_slot).toBe('A')
    const text = await it.operate(['run', '--no-json', '--', '--dry-run'])
    expect(text.stdout).toBe('Rotation completed successfully (dry_run=True)\n')
    expect(text.code).toBe(0)
  })

  test('a rotation that fails is told by its own last line and its exit code', async () => {
    await using it = await operatorOnEcs(on(), {
      at: 'on-a',
      task: { RDS_ADMIN_SECRET_ID: 'none' },
    })
    const ended = await it.operate(['run'])
    expect(lastLine(ended)).toMatchObject({ status: 'error', code: 'ERR_STORE_NOT_FOUND' })
    expect(ended.code).toBe(1)
  })

  test('a task that never starts is told with the reason that ECS gives', async () => {
    const stoppedReason = 'CannotPullContainerError: pull image manifest has been retried 1 time(s)'
    await using it = await operatorOnEcs(on(), {
      at: 'on-a',
      outcome: { stopped: { stopCode: 'TaskFailedToStart', stoppedReason } },
    })
    const ended = await it.operate(['run'])
    expect(lastLine(ended)['error']).toContain(stoppedReason)
    expect(ended.code).toBe(1)
    const text = await it.operate(['run', '--no-json'])
    expect(text).toMatchObject({ code: 1, stdout: '' })
    expect(text.stderr).toContain(stoppedReason)
  })

  test('a failure in the place of a task is told, and nothing is waited for', async () => {
    await using it = await operatorOnEcs(on(), {
      at: 'on-a',
      outcome: { failure: { reason: 'RESOURCE:ENI', detail: 'no free address' } },
    })
    const ended = await it.operate(['run'])
    expect(lastLine(ended)).toMatchObject({ status: 'error', code: 'ERR_TASK_REFUSED' })
    expect(lastLine(ended)['error']).toContain('RESOURCE:ENI: no free address')
    expect(ended.code).toBe(1)
  })

  test('a container that is killed has failed, whatever it has printed', async () => {
    const line = '{"status": "ok"}'
    const argv = ['/bin/sh', '-c', `echo '${line}'; kill -9 $$`] as const
    await using it = await operatorOnEcs(on(), { at: 'on-a', outcome: { argv } })
    const ended = await it.operate(['run'])
    expect(lastLine(ended)['error']).toContain('exit code 137')
    expect(ended.code).toBe(1)
  })

  test('a limit ends the following and not the task', async () => {
    const argv = ['/bin/sh', '-c', 'echo begun; exec sleep 600'] as const
    await using it = await operatorOnEcs(on(), { at: 'on-a', outcome: { argv } })
    const ended = await it.operate(['run', '--limit', '2s'])
    expect(ended.code).toBe(1)
    expect(ended.stdout).toContain('begun')
    expect(lastLine(ended)['error']).toMatch(/was not stopped and may still run.*aws logs tail/)
    expect(it.onEcs.ecs.calls.filter(({ action }) => action === 'StopTask')).toEqual([])
    const [task] = it.onEcs.ecs.alone()
    expect(task?.state).not.toBe('stopped')
  })

  test('a signal ends the following and not the task', async () => {
    const argv = ['/bin/sh', '-c', 'echo begun; exec sleep 600'] as const
    await using it = await operatorOnEcs(on(), { at: 'on-a', outcome: { argv } })
    const started = it.startOperator(['run'])
    await started.shows('begun')
    started.child.kill('SIGINT')
    const ended = await started.ended
    expect(ended.code).toBe(1)
    expect(lastLine(ended)['error']).toContain('SIGINT')
    expect(it.onEcs.ecs.alone()[0]?.state).not.toBe('stopped')
  })

  test('a lost answer of RunTask is asked for again, and starts no second task', async () => {
    await using it = await operatorOnEcs(on(), { at: 'on-a' })
    it.onEcs.ecs.fail({ kind: 'answer-lost', action: 'RunTask' })
    const ended = await it.operate(['run', '--', '--dry-run'])
    expect(ended.code).toBe(0)
    const runs = it.onEcs.ecs.calls.filter(({ action }) => action === 'RunTask')
    expect(runs).toHaveLength(2)
    expect(it.onEcs.ecs.alone()).toHaveLength(1)
  })

  test('names the action that is not granted', async () => {
    await using it = await operatorOnEcs(on(), { at: 'on-a' })
    for (const action of ['DescribeTaskDefinition', 'DescribeServices', 'RunTask']) {
      it.onEcs.ecs.fail({ kind: 'denied', action })
      const ended = await it.operate(['run', '--', '--dry-run'])
      expect(lastLine(ended)['error']).toContain(`ecs:${action}`)
      expect(ended.code).toBe(1)
    }
    expect(it.onEcs.ecs.alone()).toEqual([])
    it.onEcs.ecs.fail({ kind: 'denied', action: 'DescribeTasks' })
    const left = await it.operate(['run', '--', '--dry-run'])
    expect(lastLine(left)['error']).toMatch(/ecs:DescribeTasks.*may still run/)
    expect(left.code).toBe(1)
  })

  test('a log that may not be read is told once, and the exit code counts', async () => {
    await using it = await operatorOnEcs(on(), { at: 'on-a' })
    it.logs.deny(1_000)
    const ended = await it.operate(['run', '--', '--dry-run'])
    expect(ended).toMatchObject({ code: 0, stdout: '{"status": "ok"}\n' })
    expect(ended.stderr.match(/logs:GetLogEvents/g)).toHaveLength(1)
  })

  test('a log that goes elsewhere is said, and the exit code counts', async () => {
    await using it = await operatorOnEcs(on(), { at: 'on-a', logDriver: 'awsfirelens' })
    const ended = await it.operate(['run', '--', '--dry-run'])
    expect(ended).toMatchObject({ code: 0, stdout: '{"status": "ok"}\n' })
    expect(ended.stderr).toContain('cannot be read from here')
  })

  test('a task definition that is not there, or has no such container, is named', async () => {
    await using it = await operatorOnEcs(on(), { at: 'on-a' })
    const none = await it.operate(['run', '--task-definition', 'none'])
    expect(lastLine(none)).toMatchObject({ code: 'ERR_TASK_DEFINITION' })
    const other = await it.operate(['run', '--container', 'other'])
    expect(lastLine(other)['error']).toContain('there are: credential-rotation')
    expect([none.code, other.code]).toEqual([1, 1])
  })

  test('W22 what cannot be asked for is a matter of usage, and starts nothing', async () => {
    await using it = await operatorOnEcs(on(), { at: 'on-a' })
    const unknown = await it.operate(['run', '--', '--target', 'both'])
    expect(unknown.code).toBe(2)
    expect(unknown.stderr).toContain('--target')
    const missing = await it.operate(['run'], { OPENEMR_ROTATION_TASK_DEFINITION: '' })
    expect(missing.code).toBe(2)
    expect(missing.stderr).toContain('OPENEMR_ROTATION_TASK_DEFINITION')
    expect((await it.operate(['run', '--limit', 'soon'])).code).toBe(2)
    expect((await it.operate(['run', '--task', '--job'])).code).toBe(2)
    expect((await it.operate(['run', '--nothing'])).code).toBe(2)
    expect((await it.operate(['run', '--help'])).code).toBe(0)
    expect(it.onEcs.ecs.calls.filter(({ action }) => action === 'RunTask')).toEqual([])
  })
})

describe('cuedot openemr fix-permissions on ECS', () => {
  test('sets mode and owner where the volume is mounted', async () => {
    await using it = await operatorOnEcs(on(), { at: 'on-a' })
    const { sqlconf } = it.onEcs.world
    await chmod(sqlconf, 0o400)
    const ended = await it.operate(['fix-permissions', '--mode', '0440'])
    expect(ended).toMatchObject({ code: 0, stdout: '{"status": "ok"}\n' })
    expect((await stat(sqlconf)).mode & 0o777).toBe(0o440)
    expect((await it.operate(['fix-permissions', '--mode', 'rw'])).code).toBe(2)
    expect(it.onEcs.ecs.alone()).toHaveLength(1)
  })
})
