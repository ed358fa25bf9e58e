import { expect, test } from 'vitest'
import type { VisitResult } from '../engine/four-steps/types.ts'
import { figuresLine } from './figures.ts'

const RESULT: VisitResult = {
  outcome: 'refused',
  code: 'STANDBY_IN_USE',
  ...{ what: 'w', state: 's', todo: 't', effects: ['provision'], durationMs: 1234, ageMs: 90_400 },
}

test('figures are one object in CloudWatch’s embedded metric format', () => {
  const event = { step: 'setSecret', secret: 'arn:secret', token: 'v' } as const
  const line = figuresLine(event, RESULT, new Date(5_000))
  // What the specification demands of a line: a time, and metrics and dimensions that are members.
  expect(line).toMatchObject({ _aws: { Timestamp: 5_000, CloudWatchMetrics: [{}] } })
  const [directive] = Object(line)['_aws'].CloudWatchMetrics
  expect(directive.Namespace).toBe('cuedot')
  for (const { Name } of directive.Metrics) expect(line).toHaveProperty(Name, expect.any(Number))
  for (const name of directive.Dimensions.flat())
    expect(line).toHaveProperty(name, expect.any(String))
  expect(line).toMatchObject({
    StepFailed: 1,
    StepDuration: 1234,
    CredentialAge: 90,
    Code: 'STANDBY_IN_USE',
  })
})
