import type { Service } from '@aws-sdk/client-ecs'
import { RotatorError } from '../../errors.ts'
import type { AwsOptions } from '../common/aws-client.ts'
import { ecsConnector } from './connect.ts'
import type { EcsConnection } from './connect.ts'
import { classifyEcs } from './failures.ts'
import type { EcsOperation } from './failures.ts'

/** Which service. */
export interface EcsServiceOptions extends AwsOptions {
  /** Name or ARN. */
  readonly cluster: string
  /** Name or ARN. */
  readonly service: string
}

/** One service, asked by the real API. Errors: ERR_ECS_*, ERR_OUTCOME_UNKNOWN. */
export interface EcsService {
  /** @throws ERR_ECS_UNKNOWN where ECS describes none */
  describe(signal: AbortSignal): Promise<Service>
  /** Forces a new deployment. Never sent twice. */
  redeploy(signal: AbortSignal): Promise<Service>
}

/** Connects to nothing before the first call. */
export function ecsService(options: EcsServiceOptions): EcsService {
  const { cluster, service } = options
  const connection = ecsConnector(options)
  const where = `${lastPart(cluster)}/${lastPart(service)}`
  const ask = async <T>(
    operation: EcsOperation,
    signal: AbortSignal,
    run: (connected: EcsConnection) => Promise<T>,
  ): Promise<T> => {
    signal.throwIfAborted()
    const connected = await connection()
    try {
      // Past this line an abort no longer proves that nothing was sent.
      signal.throwIfAborted()
      return await run(connected)
    } catch (error) {
      throw classifyEcs(error, { service: where, operation, signal })
    }
  }
  return {
    describe: (signal) =>
      ask('DescribeServices', signal, async ({ sdk, client }) => {
        const command = new sdk.DescribeServicesCommand({ cluster, services: [service] })
        const { services: [one] = [], failures } = await client.send(command, {
          abortSignal: signal,
        })
        if (one) return one
        const problem = failures?.[0]?.reason ?? 'ECS describes none'
        throw new RotatorError('ERR_ECS_UNKNOWN', { service: where, problem })
      }),
    redeploy: (signal) =>
      ask('UpdateService', signal, async ({ sdk, client }) => {
        const change = { cluster, service, forceNewDeployment: true }
        const command = new sdk.UpdateServiceCommand(change)
        const { service: one } = await client.send(command, { abortSignal: signal })
        return one ?? {}
      }),
  }
}

/** The name in an ARN; a name is its own. */
export function lastPart(nameOrArn: string): string {
  return nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1)
}

/**
 * @throws ERR_ECS_UNFIT for a service that is being deleted, or that ECS does not deploy itself
 * @see Amazon ECS API reference, UpdateService: "rolling update (ECS)", CODE_DEPLOY, EXTERNAL
 */
export function demandFit(service: Service, where: EcsServiceOptions): void {
  const { status = 'ACTIVE', deploymentController: { type = 'ECS' } = {} } = service
  const name = `${lastPart(where.cluster)}/${lastPart(where.service)}`
  if (status !== 'ACTIVE')
    throw new RotatorError('ERR_ECS_UNFIT', { service: name, problem: `it is ${status}` })
  if (type !== 'ECS')
    throw new RotatorError('ERR_ECS_UNFIT', {
      service: name,
      problem: `its deployment controller is ${type}`,
    })
}
