import * as z from 'zod'
import type { Condition, Reader, Selector } from './objects.ts'

// The parts of Jobs and CronJobs that are read or changed; all others are passed on as they are.
// Source: Kubernetes API reference, Job batch/v1, CronJob batch/v1.

/** A Job that was made. */
export interface Job {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly selector?: Selector }
  readonly status: { readonly conditions: readonly Condition[] }
}

/** What a Job is made from. Whatever else it holds is kept. */
export interface JobTemplate {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> }
  readonly spec: JobSpec
}

/** The specification of a Job. */
export interface JobSpec {
  readonly activeDeadlineSeconds?: number
  readonly ttlSecondsAfterFinished?: number
  readonly template: { readonly spec: PodSpec; readonly [more: string]: unknown }
  readonly [more: string]: unknown
}

/** The specification of its pods. */
export interface PodSpec {
  readonly terminationGracePeriodSeconds?: number
  readonly containers: readonly Container[]
  readonly [more: string]: unknown
}

/** A container. */
export interface Container {
  readonly name: string
  readonly [more: string]: unknown
}

const text = z.string().exactOptional()
const labels = z.record(z.string(), z.string()).exactOptional()
const seconds = z.int().min(0).exactOptional()

const JOB = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ selector: z.object({ matchLabels: labels }).exactOptional() }),
  status: z
    .object({
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), reason: text, message: text }))
        .default([]),
    })
    .prefault({}),
})

const JOBS = z.object({ items: z.array(JOB) })

const CONTAINER = z.looseObject({ name: z.string() })

const POD_SPEC = z.looseObject({
  terminationGracePeriodSeconds: seconds,
  containers: z.array(CONTAINER).min(1),
})

const JOB_SPEC = z.looseObject({
  activeDeadlineSeconds: seconds,
  ttlSecondsAfterFinished: seconds,
  template: z.looseObject({ spec: POD_SPEC }),
})

const TEMPLATE = z.object({ metadata: z.object({ labels }).exactOptional(), spec: JOB_SPEC })

const CRON_JOB = z.object({ spec: z.object({ jobTemplate: TEMPLATE }) })

/** A Job. */
export const readJob: Reader<Job> = (answer) => JOB.safeParse(answer).data

/** The Jobs of a list. */
export const readJobs: Reader<readonly Job[]> = (answer) => JOBS.safeParse(answer).data?.items

/** What a CronJob makes its Jobs from. */
export const readCronJob: Reader<JobTemplate> = (answer) =>
  CRON_JOB.safeParse(answer).data?.spec.jobTemplate

/** A Job as something to make another one from. */
export const readTemplate: Reader<JobTemplate> = (answer) => TEMPLATE.safeParse(answer).data
