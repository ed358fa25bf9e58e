import { describe, expect, test } from 'vitest'
import { readPods } from './objects.ts'
import type { Pod } from './objects.ts'
import { podTrouble, selectorText } from './pods.ts'
import { ROTATION_ANNOTATION } from './rollout.ts'

const TOKEN = 'roll:1'

/** A pod as the API server lists it. */
function pod(name: string, status: object, token = TOKEN, more: object = {}): Pod {
  const metadata = { name, annotations: { [ROTATION_ANNOTATION]: token }, ...more }
  const [read] = readPods({ kind: 'PodList', items: [{ metadata, spec: {}, status }] }) ?? []
  return read ?? expect.unreachable('this is no pod')
}

function container(state: object, more: object = {}): object {
  return { containerStatuses: [{ name: 'app', ready: false, state, ...more }] }
}

const ENDED = { terminated: { exitCode: 2, reason: 'Error', message: 'canary' } }

describe('what pods say', () => {
  test.for<readonly [string, object]>([
    ['ImagePullBackOff', container({ waiting: { reason: 'ImagePullBackOff' } })],
    [
      'CrashLoopBackOff (exit code 2)',
      container({ waiting: { reason: 'CrashLoopBackOff' } }, { lastState: ENDED }),
    ],
    ['Error (exit code 2)', container(ENDED)],
    ['runs and is not ready', container({ running: {} })],
    [
      'Unschedulable',
      { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] },
    ],
    [
      'CreateContainerConfigError',
      {
        initContainerStatuses: [{ state: { waiting: { reason: 'CreateContainerConfigError' } } }],
      },
    ],
    ['Evicted', { phase: 'Failed', reason: 'Evicted' }],
  ])('is %s', ([reason, status]) => {
    expect(podTrouble([pod('web-1', status)], TOKEN)).toBe(`pod web-1: ${reason}`)
  })

  test.for<readonly [string, object]>([
    ['is ready', { containerStatuses: [{ ready: true, state: { running: {} } }] }],
    ['is being started', container({ waiting: { reason: 'ContainerCreating' } })],
    ['has ended well', container({ terminated: { exitCode: 0 } })],
    ['says nothing yet', {}],
  ])('is nothing of a pod that %s', ([, status]) => {
    expect(podTrouble([pod('web-1', status)], TOKEN)).toBe('')
  })

  test('is nothing of pods of other rolls and of pods that are being ended', () => {
    const crashed = container(ENDED)
    const other = pod('web-0', crashed, 'roll:0')
    const ending = pod('web-1', crashed, TOKEN, { deletionTimestamp: '2026-01-01T00:00:00Z' })
    expect(podTrouble([other, ending], TOKEN)).toBe('')
  })

  test('names three pods and counts the others', () => {
    const pods = [5, 1, 4, 2, 3].map((number) => pod(`web-${number}`, container(ENDED)))
    const reason = 'Error (exit code 2)'
    expect(podTrouble(pods, TOKEN)).toBe(
      `pod web-1: ${reason}, pod web-2: ${reason}, pod web-3: ${reason} and 2 more`,
    )
  })
})

test('a selector becomes the text that a list takes', () => {
  const matchExpressions = [
    { key: 'tier', operator: 'In', values: ['web', 'api'] },
    { key: 'env', operator: 'NotIn', values: ['dev'] },
    { key: 'app', operator: 'Exists' },
    { key: 'canary', operator: 'DoesNotExist' },
  ]
  expect(selectorText({ matchLabels: { app: 'web', 'a/b': 'c' }, matchExpressions })).toBe(
    'app=web,a/b=c,tier in (web,api),env notin (dev),app,!canary',
  )
  expect(selectorText({})).toBe('')
})
