// Goal: what the other files of this lane do as an account, they do with the Role of openemr-on-eks
// and nothing beside it. Method: the API server's own authorizer, asked through kubectl.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { upstreamRules } from '../../testkit/src/conformance/kubernetes-fixture.ts'
import { startRealCluster } from '../../testkit/src/servers/kubernetes/fixture.ts'
import type { RealCluster } from '../../testkit/src/servers/kubernetes/fixture.ts'
import { kubectl } from '../../testkit/src/servers/kubernetes/kubectl.ts'

let cluster: RealCluster

beforeAll(async () => {
  cluster = await startRealCluster()
})

afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
})

const ALLOWED: readonly (readonly string[])[] = [
  ['get', 'secret/app-db'],
  ['update', 'secret/app-db'],
  ['patch', 'secret/app-db'],
  ['get', 'deployments.apps/app'],
  ['patch', 'deployments.apps/app'],
  ['get', 'deployments.apps/app', '--subresource=status'],
]

const REFUSED: readonly (readonly string[])[] = [
  ['list', 'secrets'],
  ['get', 'secret/other'],
  ['create', 'secrets'],
  ['delete', 'secret/app-db'],
  ['get', 'secret/app-db', '--namespace=default'],
  ['list', 'deployments.apps'],
  ['patch', 'deployments.apps/other'],
  ['update', 'deployments.apps/app'],
  ['delete', 'deployments.apps/app'],
  ['patch', 'deployments.apps/app', '--subresource=scale'],
  ['list', 'pods'],
  ['create', 'pods'],
]

test('the Role of openemr-on-eks allows its calls on two names and nothing else', async () => {
  await using kubernetes = await cluster.start()
  const names = { secret: 'app-db', deployment: 'app' }
  const config = await kubernetes.userWith(upstreamRules(names))
  const answers = async (questions: readonly (readonly string[])[]): Promise<readonly string[]> =>
    await Promise.all(
      questions.map(async (question) => {
        const { stdout } = await kubectl(config, 'auth', 'can-i', ...question)
        return `${question.join(' ')}: ${stdout.trim()}`
      }),
    )
  expect(await answers(ALLOWED)).toEqual(ALLOWED.map((question) => `${question.join(' ')}: yes`))
  expect(await answers(REFUSED)).toEqual(REFUSED.map((question) => `${question.join(' ')}: no`))
})
