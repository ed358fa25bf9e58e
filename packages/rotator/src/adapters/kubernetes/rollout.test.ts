import { describe, expect, test } from 'vitest'
import { readDeployment } from './objects.ts'
import { judgeRollout, ROTATION_ANNOTATION } from './rollout.ts'
import type { Verdict } from './rollout.ts'

const TOKEN = 'roll:1'

/** A Deployment of three replicas whose roll is over, with changes. */
function judge(status: object = {}, spec: object = {}, token = TOKEN): Verdict {
  return judgeObject({
    metadata: { generation: 7, resourceVersion: '1' },
    spec: {
      replicas: 3,
      selector: {},
      template: { metadata: { annotations: { [ROTATION_ANNOTATION]: token } } },
      ...spec,
    },
    status: {
      observedGeneration: 7,
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      conditions: [{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }],
      ...status,
    },
  })
}

function judgeObject(object: object): Verdict {
  const deployment = readDeployment(object)
  return judgeRollout(deployment ?? expect.unreachable('this is no Deployment'), TOKEN)
}

const EXCEEDED = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }]

describe('a rollout', () => {
  test('is done when all replicas are updated and available and none is left', () => {
    expect(judge()).toEqual({ state: 'done', says: 'all is up' })
  })

  test.for([
    ['another token', 'roll:2'],
    ['none', ''],
  ])('is due when its template names %s', ([, token]) => {
    expect(judge({}, {}, token).state).toBe('due')
  })

  test('R13: goes on while its controller has not seen the spec, whatever the counts say', () => {
    const says = 'its controller has not seen the change yet'
    expect(judge({ observedGeneration: 6 })).toEqual({ state: 'rolling', says })
    expect(judge({ observedGeneration: 6, conditions: EXCEEDED }).state).toBe('rolling')
  })

  test('R13: goes on while a pod from before is left', () => {
    const says = '3 of 3 replicas are updated, 3 are available, 1 from before are left'
    expect(judge({ replicas: 4 })).toEqual({ state: 'rolling', says })
  })

  test('R13: is done without replicas, and not while one is left', () => {
    const none = { replicas: 0, updatedReplicas: 0, readyReplicas: 0, availableReplicas: 0 }
    expect(judge(none, { replicas: 0 }).state).toBe('done')
    expect(judge({ ...none, replicas: 1 }, { replicas: 0 }).state).toBe('rolling')
  })

  test('T71: waits for one replica where none is asked for', () => {
    const template = { metadata: { annotations: { [ROTATION_ANNOTATION]: TOKEN } } }
    const metadata = { generation: 1, resourceVersion: '1' }
    const status = { observedGeneration: 1 }
    const judged = judgeObject({ metadata, spec: { selector: {}, template }, status })
    expect(judged.state).toBe('rolling')
    expect(judged.says).toContain('0 of 1 replicas are updated')
  })

  test('R13: has failed when its progress deadline has passed', () => {
    const judged = judge({ updatedReplicas: 1, conditions: EXCEEDED })
    expect(judged.state).toBe('failed')
    expect(judged.says).toContain('ProgressDeadlineExceeded: 1 of 3 replicas are updated')
  })

  test.for([
    ['updated', { updatedReplicas: 2, replicas: 2, availableReplicas: 2 }],
    ['available', { availableReplicas: 2 }],
  ] as const)('goes on while not all replicas are %s', ([, status]) => {
    expect(judge(status).state).toBe('rolling')
  })

  test('has failed when it is paused before it is done, and not after', () => {
    expect(judge({ updatedReplicas: 1 }, { paused: true })).toMatchObject({ state: 'failed' })
    expect(judge({}, { paused: true }).state).toBe('done')
  })

  test('says why no pods can be made', () => {
    const message = 'pods "web" is forbidden: exceeded quota'
    const conditions = [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }]
    expect(judge({ updatedReplicas: 0, conditions }).says).toContain(`FailedCreate: ${message}`)
    const long = [{ ...conditions[0], message: 'x'.repeat(500) }]
    const { says } = judge({ updatedReplicas: 0, conditions: long })
    expect(says.length).toBeLessThan(300)
  })

  test('is due where nothing is said yet', () => {
    const metadata = { generation: 1, resourceVersion: '1' }
    const nothing = judgeObject({ metadata, spec: { selector: {}, template: {} } })
    expect(nothing.state).toBe('due')
  })
})
