import type { V1Deployment, V1DeploymentSpec, V1DeploymentStatus } from '@kubernetes/client-node'
import { describe, expect, test } from 'vitest'
import { judgeRollout, ROTATION_ANNOTATION } from './rollout.ts'
import type { Verdict } from './rollout.ts'

const TOKEN = 'roll:1'

/** A Deployment of three replicas whose roll is over, with changes. */
function judge(
  status: Partial<V1DeploymentStatus> = {},
  spec: Partial<V1DeploymentSpec> = {},
  token = TOKEN,
): Verdict {
  const deployment = {
    metadata: { generation: 7 },
    spec: {
      replicas: 3,
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
  }
  return judgeRollout(deployment as V1Deployment, TOKEN)
}

const EXCEEDED = [
  { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' },
] as const

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
    expect(judge({ observedGeneration: 6, conditions: [...EXCEEDED] }).state).toBe('rolling')
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
    const { replicas: _replicas, ...rest } = { replicas: undefined }
    const judged = judge({ replicas: 0, updatedReplicas: 0, availableReplicas: 0 }, rest)
    expect(judged.state).toBe('rolling')
  })

  test('R13: has failed when its progress deadline has passed', () => {
    const judged = judge({ updatedReplicas: 1, conditions: [...EXCEEDED] })
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
    const long = [{ ...conditions[0], type: 'ReplicaFailure', message: 'x'.repeat(500) }]
    const { says } = judge({ updatedReplicas: 0, conditions: long as typeof conditions })
    expect(says.length).toBeLessThan(300)
  })

  test('goes on where a status says nothing yet', () => {
    const nothing = { spec: { template: {} } }
    expect(judgeRollout(nothing as V1Deployment, TOKEN).state).toBe('due')
  })
})
