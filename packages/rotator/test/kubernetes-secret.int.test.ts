import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Sensitive } from '@cuedot/client/protocol'
import type { Credential } from '@cuedot/client/protocol'
import { configTargetConformance } from '../../testkit/src/conformance/config-target.ts'
import {
  createSecret,
  secretAccess,
  secretFixture,
} from '../../testkit/src/conformance/kubernetes-secret.ts'
import { startFakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import type { FakeCluster } from '../../testkit/src/fakes/kubernetes.ts'
import { secretTarget } from '../src/adapters/kubernetes/secret-target.ts'

let cluster: FakeCluster

beforeAll(async () => {
  cluster = await startFakeCluster()
})
afterAll(() => cluster[Symbol.asyncDispose]())

configTargetConformance('a Secret of Kubernetes', async (initial) =>
  secretFixture(await cluster.namespace(), secretTarget, initial),
)
