import { fileURLToPath } from 'node:url'
import type { RealKubernetes } from '../../servers/kubernetes/fixture.ts'
import type { RigEngine } from '../engine.ts'

const APP = fileURLToPath(new URL('app.ts', import.meta.url))

/** The port of the application, on the address of its pod. */
export const APP_PORT = 8080

/** How the Secret and the Deployment are called. */
export const APP_NAMES = { secret: 'app-db', deployment: 'app' } as const

/** How the Deployment rolls. */
export interface AppOptions {
  readonly replicas: number
  /** Seconds without progress after which the roll has failed. */
  readonly progressDeadlineSeconds: number
  /** A pod that holds this user's credential works and never says that it is ready. */
  readonly neverReadyAs?: string
}

/** The Secret with the credential of slot A, and a Deployment that rolls without a gap. */
export async function createApp(
  kubernetes: RealKubernetes,
  engine: RigEngine,
  { neverReadyAs = '', ...how }: AppOptions,
): Promise<void> {
  const { namespace } = kubernetes
  const { username, password } = engine.slots.A
  await must(kubernetes, `/api/v1/namespaces/${namespace}/secrets`, {
    metadata: { name: APP_NAMES.secret },
    stringData: { username, password: password.reveal(), team: 'rig' },
  })
  await must(kubernetes, `/apis/apps/v1/namespaces/${namespace}/deployments`, {
    metadata: { name: APP_NAMES.deployment },
    spec: {
      ...how,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          containers: [containerOf(engine, neverReadyAs)],
          terminationGracePeriodSeconds: 10,
        },
      },
    },
  })
}

function containerOf({ port, dbname, caFile }: RigEngine, neverReadyAs: string): object {
  const literal = {
    ...{ DB_HOST: 'localhost', DB_PORT: String(port), DB_NAME: dbname, DB_CA: caFile },
    ...{ PORT: String(APP_PORT), NEVER_READY_AS: neverReadyAs },
  }
  const secret = (key: string): object => {
    return { valueFrom: { secretKeyRef: { name: APP_NAMES.secret, key } } }
  }
  return {
    name: 'web',
    image: 'example.com/web:1',
    command: [process.execPath, APP],
    env: [
      ...Object.entries(literal).map(([name, value]) => ({ name, value })),
      { name: 'DB_USER', ...secret('username') },
      { name: 'DB_PASSWORD', ...secret('password') },
      { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    ],
  }
}

async function must({ admin }: RealKubernetes, path: string, body: object): Promise<void> {
  const answer = await admin({ method: 'POST', path, body })
  if (answer.status !== 201) throw new Error(`${path}: ${String(answer.body['message'])}`)
}
