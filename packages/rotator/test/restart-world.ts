import { randomUUID } from 'node:crypto'
import { vi } from 'vitest'
import { startEcs } from '../../testkit/src/fakes/ecs.ts'
import type { FakeEcs } from '../../testkit/src/fakes/ecs.ts'
import type { ServiceSpec } from '../../testkit/src/fakes/ecs-service.ts'
import type { TaskCommand } from '../../testkit/src/fakes/ecs-task.ts'
import { restartHandler } from '../src/lambda/restart/handler.ts'
import { REGION } from './ecs-fixture.ts'

/** The secret of every event, unless another is named. */
export const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/db-a1b2c3'

/** An event as EventBridge hands it over. */
export type Event = Readonly<Record<string, unknown>>

/**
 * As Secrets Manager sends it itself.
 * @see AWS Secrets Manager user guide, "Secret Label Updated event"
 */
export function labelUpdated(more: Event = {}, detail: Event = {}): Event {
  return {
    ...{ version: '0', id: randomUUID(), account: '123456789012', region: REGION },
    ...{ source: 'aws.secretsmanager', 'detail-type': 'Secret Label Updated' },
    ...{ time: '2026-03-10T12:00:00Z', resources: [SECRET] },
    detail: { name: 'shop/db', labelUpdated: 'AWSCURRENT', versionId: randomUUID(), ...detail },
    ...more,
  }
}

/**
 * As CloudTrail tells of a rotation that has ended.
 * @see AWS Secrets Manager user guide, "CloudTrail entries for Secrets Manager"; AWS CloudTrail
 *   user guide, "AWS service events"
 */
export function rotationSucceeded(more: Event = {}, detail: Event = {}): Event {
  return {
    ...{ version: '0', id: randomUUID(), account: '123456789012', region: REGION },
    ...{ source: 'aws.secretsmanager', 'detail-type': 'AWS Service Event via CloudTrail' },
    ...{ time: '2026-03-10T12:00:00Z', resources: [] },
    detail: {
      ...{ eventVersion: '1.08', eventType: 'AwsServiceEvent', eventID: randomUUID() },
      ...{ eventSource: 'secretsmanager.amazonaws.com', eventName: 'RotationSucceeded' },
      ...{ requestParameters: null, additionalEventData: { SecretId: SECRET } },
      ...detail,
    },
    ...more,
  }
}

/** How a call of the function ended, and the lines that it has logged. */
export interface Called {
  readonly lines: readonly Event[]
  readonly error: unknown
}

/** A cluster `shop` and a process of the function. */
export interface RestartWorld extends AsyncDisposable {
  readonly ecs: FakeEcs
  /** @param leftMs - what is left of the time of the call. Default 20,000 */
  call(event: unknown, leftMs?: number): Promise<Called>
  /** Lambda has started another process: what the one before knew is gone. */
  renew(): void
  /** How often each service was told to deploy anew. */
  restarts(): Readonly<Record<string, number>>
}

const SERVES: TaskCommand = {
  argv: ['/bin/sh', '-c', 'echo ready; exec sleep 600'],
  ready: /^ready$/m,
}

/** Starts the fake, each service with one task, and the function beside it. */
export async function startRestartWorld(
  services: readonly (Partial<ServiceSpec> & { readonly name: string })[],
  more: Readonly<Record<string, string>> = {},
): Promise<RestartWorld> {
  const specs = services.map((spec) => ({ desired: 1, command: () => SERVES, ...spec }))
  const ecs = await startEcs({ cluster: 'shop', services: specs })
  vi.stubEnv('AWS_ENDPOINT_URL_ECS', ecs.endpoint)
  vi.stubEnv('AWS_REGION', REGION)
  const names = services.map(({ name }) => name).join(',')
  const variables = { ECS_CLUSTER_NAME: 'shop', ECS_SERVICE_NAMES: names, ...more }
  let lines: Event[] = []
  const log = (line: object): void => void lines.push({ ...line })
  let handler = restartHandler({ variables, log })
  return {
    ecs,
    call: async (event, leftMs = 20_000) => {
      lines = []
      const context = { getRemainingTimeInMillis: () => leftMs }
      const error: unknown = await handler(event, context).catch((thrown: unknown) => thrown)
      return { lines, error }
    },
    renew: () => void (handler = restartHandler({ variables, log })),
    restarts: () =>
      Object.fromEntries(
        services.map(({ name }) => [
          name,
          ecs.calls.filter(
            ({ action, body }) => action === 'UpdateService' && body['service'] === name,
          ).length,
        ]),
      ),
    async [Symbol.asyncDispose]() {
      vi.unstubAllEnvs()
      await ecs[Symbol.asyncDispose]()
    },
  }
}
