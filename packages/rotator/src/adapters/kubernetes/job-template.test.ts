import { describe, expect, test } from 'vitest'
import { filled, jobFrom, templateIn } from './job-template.ts'
import type { JobTemplate } from './job-objects.ts'

const WISH = { from: 'f', name: 'rotation-1', namespace: 'openemr', args: ['--log-json'] }

const TEMPLATE: JobTemplate = {
  metadata: { labels: { app: 'rotation' } },
  spec: {
    ...{ backoffLimit: 6, suspend: true, selector: { matchLabels: { a: 'b' } }, parallelism: 1 },
    template: {
      metadata: { labels: { app: 'rotation' } },
      spec: {
        ...{ serviceAccountName: 'rotation-sa', restartPolicy: 'OnFailure' },
        containers: [{ name: 'rotation', image: 'i:1', args: ['--dry-run'], env: [{ name: 'A' }] }],
      },
    },
  },
}

describe('a Job made from a template', () => {
  test('runs once, with a deadline for two rollouts and a grace for the action in flight', () => {
    const { container, body } = jobFrom(TEMPLATE, WISH)
    expect(container).toBe('rotation')
    expect(body).toEqual({
      ...{ apiVersion: 'batch/v1', kind: 'Job' },
      metadata: { name: 'rotation-1', namespace: 'openemr', labels: { app: 'rotation' } },
      spec: {
        ...{ activeDeadlineSeconds: 7_200, ttlSecondsAfterFinished: 86_400 },
        ...{ backoffLimit: 0, parallelism: 1 },
        template: {
          metadata: { labels: { app: 'rotation' } },
          spec: {
            ...{ serviceAccountName: 'rotation-sa', restartPolicy: 'Never' },
            terminationGracePeriodSeconds: 120,
            containers: [
              { name: 'rotation', image: 'i:1', args: ['--log-json'], env: [{ name: 'A' }] },
            ],
          },
        },
      },
    })
  })

  test('keeps the deadline, the grace and the time to live that a template has', () => {
    const spec = {
      ...{ activeDeadlineSeconds: 9_000, ttlSecondsAfterFinished: 0 },
      template: {
        spec: { terminationGracePeriodSeconds: 300, containers: [{ name: 'rotation' }] },
      },
    }
    const { body } = jobFrom({ spec }, WISH)
    expect(body).toMatchObject({
      spec: { ...spec, template: { spec: { terminationGracePeriodSeconds: 300 } } },
    })
  })

  test('changes the named container and leaves its neighbours alone', () => {
    const containers = [{ name: 'proxy', args: ['p'] }, { name: 'rotation' }]
    const template = { spec: { template: { spec: { containers } } } }
    expect(() => jobFrom(template, WISH)).toThrow(/proxy, rotation/)
    const { body } = jobFrom(template, { ...WISH, container: 'rotation', image: 'i:2' })
    expect(body).toMatchObject({
      spec: {
        template: {
          spec: {
            containers: [
              { name: 'proxy', args: ['p'] },
              { name: 'rotation', args: ['--log-json'], image: 'i:2' },
            ],
          },
        },
      },
    })
  })
})

describe('a manifest', () => {
  const { spec } = TEMPLATE
  const job = { kind: 'Job', metadata: { name: 'rotation' }, spec }

  test('is the first Job or CronJob of a file', () => {
    const others = [null, 'text', { kind: 'Role', metadata: { name: 'r' } }]
    const cronJob = {
      kind: 'CronJob',
      metadata: { name: 'monthly', namespace: 'openemr' },
      spec: { jobTemplate: { spec } },
    }
    expect(templateIn([...others, job, cronJob], WISH).name).toBe('rotation')
    expect(templateIn([...others, cronJob, job], WISH).name).toBe('monthly')
    expect(() => templateIn(others, WISH)).toThrow(/ERR_JOB_TEMPLATE.*no Job and no CronJob/)
  })

  test('of another namespace is refused', () => {
    const elsewhere = { ...job, metadata: { name: 'rotation', namespace: 'other' } }
    expect(() => templateIn([elsewhere], WISH)).toThrow(/namespace other, not of openemr/)
  })
})

describe('placeholders', () => {
  test('are filled as texts, whatever the value holds', () => {
    const value = '"}, ${B}\n- x: 1'
    const job = { a: '${A}', b: ['x-${A}-${E}', 1, true, null], c: { d: '$A ${}' } }
    expect(filled(job, 'f', { A: value, E: '' })).toEqual({
      ...{ a: value, b: [`x-${value}-`, 1, true, null], c: { d: '$A ${}' } },
    })
  })

  test('that nothing fills are named', () => {
    const job = { a: '${A} ${B}', c: '${C}' }
    expect(() => filled(job, 'f', { B: '' })).toThrow(/placeholders A, C/)
  })
})
