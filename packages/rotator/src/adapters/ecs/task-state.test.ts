import { describe, expect, test } from 'vitest'
import { judgeTask } from './task-state.ts'

const NAME = 'rotation'

describe('a task that was started by itself', () => {
  test.for([
    ['PROVISIONING', 'waiting'],
    ['PENDING', 'waiting'],
    ['ACTIVATING', 'waiting'],
    ['RUNNING', 'running'],
    ['DEACTIVATING', 'running'],
    ['STOPPING', 'running'],
    ['DEPROVISIONING', 'running'],
  ] as const)('that is %s is %s, whatever its container has ended with', ([lastStatus, state]) => {
    const containers = [{ name: NAME, exitCode: 0 }]
    expect(judgeTask({ lastStatus, containers }, NAME)).toEqual({
      ...{ state, why: `it is ${lastStatus}` },
    })
  })

  test('that is STOPPED has the exit code of its container, and nothing to add to it', () => {
    const stopped = { lastStatus: 'STOPPED', stopCode: 'EssentialContainerExited' } as const
    const containers = [
      { name: 'proxy', exitCode: 143 },
      { name: NAME, exitCode: 1 },
    ]
    const task = { ...stopped, stoppedReason: 'Essential container in task exited', containers }
    expect(judgeTask(task, NAME)).toEqual({ state: 'ended', exitCode: 1 })
  })

  test('says more where there is more to say', () => {
    const containers = [{ name: NAME, exitCode: 137, reason: 'OutOfMemoryError: killed' }]
    const stopped = { lastStatus: 'STOPPED', stopCode: 'EssentialContainerExited' } as const
    expect(judgeTask({ ...stopped, containers }, NAME)).toEqual({
      ...{ state: 'ended', exitCode: 137 },
      why: 'EssentialContainerExited; OutOfMemoryError: killed',
    })
    const user = {
      lastStatus: 'STOPPED',
      stopCode: 'UserInitiated',
      stoppedReason: 'tired',
    } as const
    expect(judgeTask({ ...user, containers: [{ name: NAME, exitCode: 0 }] }, NAME)).toEqual({
      ...{ state: 'ended', exitCode: 0, why: 'UserInitiated; tired' },
    })
  })

  test('without an exit code has failed, and is never taken for one that has ended well', () => {
    const task = {
      ...({ lastStatus: 'STOPPED', stopCode: 'TaskFailedToStart' } as const),
      stoppedReason: 'CannotPullContainerError:\n denied',
      containers: [{ name: 'proxy', exitCode: 0 }, { name: NAME }],
    }
    const why = 'TaskFailedToStart; CannotPullContainerError: denied'
    expect(judgeTask(task, NAME)).toEqual({ state: 'failed', why })
    const silent = { state: 'failed', why: 'ECS says nothing of why' }
    expect(judgeTask({ lastStatus: 'STOPPED' }, NAME)).toEqual(silent)
  })
})
