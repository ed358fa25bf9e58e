import { execFile } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findProgram } from '../servers/programs.ts'
import {
  createDeployment,
  DEPLOYMENT,
  deploymentAccess,
  openemrRules,
} from './kubernetes-deployment.ts'
import type { DeploymentSuite } from './kubernetes-rolls.ts'
import type { KubernetesFixture } from './kubernetes-fixture.ts'
import { call } from './kubernetes-secret-suite.ts'

const run = promisify(execFile)

const TOKEN = 'roll:1'

/** Longest wait for kubectl to judge a rollout. */
const LIMIT_MS = 60_000

/**
 * Registers tests in which the real `kubectl rollout status` judges the same rollouts, and so
 * the adapter and, where there is one, the fake. Without a kubectl they are skipped and say so.
 */
export function kubectlSuite(name: string, { start, make, pace }: DeploymentSuite): void {
  const kubectl = findProgram('kubectl')
  const begin = async (seconds: number): Promise<KubernetesFixture> => {
    const kubernetes = await start()
    onTestFinished(() => kubernetes[Symbol.asyncDispose]())
    await createDeployment(kubernetes, { replicas: 2, progressDeadlineSeconds: seconds })
    return kubernetes
  }
  describe(`kubectl rollout status on ${name}`, () => {
    test('is content when the runtime is', async ({ skip }) => {
      if (kubectl === undefined) return skip('there is no kubectl')
      const kubernetes = await begin(600)
      const runtime = make(await deploymentAccess(kubernetes, pace, openemrRules()))
      await runtime.roll(TOKEN, call())
      const { code, says } = await judge(kubectl, kubernetes)
      expect(says).toContain(`deployment "${DEPLOYMENT}" successfully rolled out`)
      expect(code).toBe(0)
      expect(await runtime.observe(TOKEN, call())).toEqual({ state: 'done' })
    })

    test('gives up when the runtime does', async ({ skip }) => {
      if (kubectl === undefined) return skip('there is no kubectl')
      const kubernetes = await begin(1)
      await kubernetes.setPods('crashing')
      const runtime = make(await deploymentAccess(kubernetes, pace, openemrRules()))
      await runtime.roll(TOKEN, call())
      const { code, says } = await judge(kubectl, kubernetes)
      expect(says).toContain('exceeded its progress deadline')
      expect(code).not.toBe(0)
      let state = 'rolling'
      for (; state === 'rolling'; await wait(pace.pollMs))
        state = (await runtime.observe(TOKEN, call())).state
      expect(state).toBe('failed')
    })
  })
}

async function judge(
  kubectl: string,
  kubernetes: KubernetesFixture,
): Promise<{ code: number; says: string }> {
  const kubeconfig = await kubernetes.userWith([
    { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch'] },
  ])
  const place = ['--kubeconfig', kubeconfig, '--namespace', kubernetes.namespace]
  const args = [...place, 'rollout', 'status', `deployment/${DEPLOYMENT}`, '--timeout=50s']
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent' }
  try {
    const { stdout, stderr } = await run(kubectl, args, { env, timeout: LIMIT_MS })
    return { code: 0, says: stdout + stderr }
  } catch (error) {
    const failed = error as { code?: number; stdout?: string; stderr?: string }
    return { code: failed.code ?? -1, says: `${failed.stdout ?? ''}${failed.stderr ?? ''}` }
  }
}
