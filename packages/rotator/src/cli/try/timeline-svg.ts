import { niceStep, num, part, text } from './svg.ts'
import type { Attributes } from './svg.ts'
import { STYLE } from './timeline-style.ts'

/** What the timeline shows. All times in milliseconds since its left edge. */
export interface Timeline {
  readonly endMs: number
  /** Requests in all, also those that ended after the right edge. */
  readonly served: number
  readonly failed: number
  readonly bucketMs: number
  /** The users in the order in which they are stacked: at most two. */
  readonly users: readonly string[]
  readonly buckets: readonly TimelineBucket[]
  readonly rotations: readonly TimelineRotation[]
}

/** How many requests ended in one bucket of time. */
export interface TimelineBucket {
  /** By user, in the order of {@link Timeline.users}. */
  readonly served: readonly number[]
  readonly failed: number
}

/** One rotation, over all its runs. */
export interface TimelineRotation {
  readonly label: string
  readonly outcome: string
  readonly from: number
  readonly to: number
  /** When its process was killed. */
  readonly killed?: number
  /** When it was turned back. */
  readonly turned?: number
  readonly steps: readonly TimelineStep[]
}

/** One step of the runbook. */
export interface TimelineStep {
  readonly name: string
  readonly from: number
  readonly to: number
  /** It failed, or its process was killed. */
  readonly cut: boolean
}

const WIDTH = 1200
const LEFT = 118
const RIGHT = 24
const RATE = { top: 86, height: 150 }
const FAILURES = { top: RATE.top + RATE.height + 8, height: 18 }
const BANDS = { top: FAILURES.top + FAILURES.height + 24, height: 24 }
const STEPS_TOP = BANDS.top + BANDS.height + 10
const ROW = 18

/** Where a moment stands, in pixels from the left. */
type X = (ms: number) => number

/**
 * Draws the timeline: requests per second by the user that served them, failed requests, and the
 * steps of each rotation. Pure: the same data, the same text. Every text is escaped.
 */
export function timelineSvg(timeline: Timeline): string {
  const rows = stepNames(timeline)
  const bottom = STEPS_TOP + rows.length * ROW + 6
  const scale = (WIDTH - LEFT - RIGHT) / Math.max(1, timeline.endMs)
  const x: X = (ms) => LEFT + ms * scale
  const height = bottom + 40
  const size = { width: WIDTH, height, viewBox: `0 0 ${WIDTH} ${height}` }
  return part(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', role: 'img', ...size },
    part('title', {}, text('cuedot try: requests and rotations over time')),
    part('style', {}, text(STYLE)),
    part('rect', { class: 'back', width: WIDTH, height }),
    heading(timeline),
    timeAxis(timeline, x, bottom),
    rateLane(timeline, x),
    failureLane(timeline, x),
    ...timeline.rotations.map((rotation) => marks(rotation, x, bottom)),
    ...timeline.rotations.map((rotation) => band(rotation, x)),
    ...rows.map((name, index) => stepRow(timeline, { name, index }, x)),
  )
}

function label(content: string, attributes: Attributes): string {
  return part('text', attributes, text(content))
}

function heading({ users, served, failed, rotations, endMs }: Timeline): string {
  const facts =
    `${rotations.length} rotations in ${(endMs / 1000).toFixed(0)} s; ` +
    `${served.toLocaleString('en-US')} requests served, ${failed} failed`
  const legend = users.map((user, index) => {
    const left = WIDTH - RIGHT - (users.length - index) * 130
    const square = { class: `user${index}`, x: left, y: 22, width: 12, height: 12, rx: 2 }
    return part('rect', square) + label(`served as ${user}`, { x: left + 18, y: 32 })
  })
  return (
    label('A database credential changes under a running application', {
      ...{ class: 'title', x: 20, y: 33 },
    }) +
    label(facts, { class: 'soft', x: 20, y: 54 }) +
    legend.join('')
  )
}

function timeAxis({ endMs }: Timeline, x: X, bottom: number): string {
  const stepMs = niceStep(endMs / 1000 / 12) * 1000
  const ticks = Array.from({ length: Math.floor(endMs / stepMs) + 1 }, (_, index) => index * stepMs)
  const lines = ticks.map((ms) => {
    const at = num(x(ms))
    return (
      part('line', { class: 'line', x1: at, x2: at, y1: RATE.top, y2: bottom }) +
      label(`${num(ms / 1000)} s`, { class: 'soft middle', x: at, y: bottom + 17 })
    )
  })
  return lines.join('')
}

/** Users stacked on each other; the top edge is what the application served in all. */
function rateLane({ users, buckets, bucketMs, endMs }: Timeline, x: X): string {
  const perSecond = 1000 / bucketMs
  const totals = buckets.map(({ served }) => served.reduce((a, b) => a + b, 0) * perSecond)
  const step = niceStep(Math.max(1, ...totals) / 3)
  const top = Math.max(step, Math.ceil(Math.max(...totals, 0) / step) * step)
  const y = (rate: number): number => RATE.top + RATE.height * (1 - rate / top)
  const middle = (index: number): number => x(Math.min(endMs, (index + 0.5) * bucketMs))
  const areas = users.map((_, user) => {
    const sum = (bucket: TimelineBucket, upTo: number): number =>
      bucket.served.slice(0, upTo).reduce((a, b) => a + b, 0) * perSecond
    const edge = (upTo: number): string[] =>
      buckets.map((bucket, index) => `${num(middle(index))},${num(y(sum(bucket, upTo)))}`)
    const points = [...edge(user + 1), ...edge(user).toReversed()].join(' ')
    return part('polygon', { class: `user${user}`, points, 'fill-opacity': 0.85 })
  })
  const count = Math.round(top / step)
  const scale = Array.from({ length: count + 1 }, (_, index) => {
    const at = num(y(index * step))
    return (
      part('line', { class: 'line', x1: LEFT, x2: WIDTH - RIGHT, y1: at, y2: at }) +
      label(num(index * step), { class: 'soft end', x: LEFT - 8, y: Number(at) + 4 })
    )
  })
  return (
    scale.join('') + areas.join('') + label('requests/s', { x: 20, y: RATE.top + RATE.height / 2 })
  )
}

function failureLane({ buckets, bucketMs, failed }: Timeline, x: X): string {
  const { top, height } = FAILURES
  const bars = buckets.flatMap((bucket, index) => {
    if (bucket.failed === 0) return []
    const width = Math.max(3, x(bucketMs) - x(0))
    const title = part('title', {}, text(`${bucket.failed} failed`))
    const at = { x: num(x(index * bucketMs)), y: top, width: num(width), height }
    return [part('rect', { class: 'bad', ...at }, title)]
  })
  const tone = failed === 0 ? 'soft' : 'bad'
  return (
    label('failed', { x: 20, y: top + 13 }) +
    label(`${failed}`, { class: `${tone} end`, x: LEFT - 8, y: top + 13 }) +
    bars.join('')
  )
}

/** The rotation's span with its number and outcome, as far as there is room for words. */
function band(rotation: TimelineRotation, x: X): string {
  const left = x(rotation.from)
  const width = Math.max(2, x(rotation.to) - left)
  const seconds = `${((rotation.to - rotation.from) / 1000).toFixed(1)} s`
  const words = [
    `${rotation.label}: ${rotation.outcome}, ${seconds}`,
    `${rotation.label}: ${rotation.outcome}`,
    rotation.label,
  ]
  const shown = words.find((candidate) => candidate.length * 6.6 < width - 8) ?? ''
  const at = { x: num(left), y: BANDS.top, width: num(width), height: BANDS.height, rx: 4 }
  return (
    part('rect', { class: 'band', ...at }) +
    label(shown, { class: 'middle', x: num(left + width / 2), y: BANDS.top + 16 })
  )
}

/** In the order in which they first happen, which is the order of the runbook. */
function stepNames({ rotations }: Timeline): readonly string[] {
  const order = RUNBOOK_ORDER
  const seen = new Set(rotations.flatMap(({ steps }) => steps.map(({ name }) => name)))
  const place = (name: string): number => {
    const found = order.findIndex((step) => name === step || name.startsWith(`${step} `))
    return found < 0 ? order.length : found
  }
  return [...seen].toSorted((a, b) => place(a) - place(b))
}

/** As `steps/runbook.ts`, and what turns a rotation back at the end. */
const RUNBOOK_ORDER: readonly string[] = [
  ...['open', 'provision', 'set', 'flip', 'publish', 'roll', 'drain', 'quarantine', 'stage'],
  ...['retire', 'close', 'heal', 'reconcile', 'rebase', 'turn', 'release', 'undo'],
]

function stepRow(
  { rotations }: Timeline,
  row: { readonly name: string; readonly index: number },
  x: X,
): string {
  const top = STEPS_TOP + row.index * ROW
  const steps = rotations.flatMap((rotation) =>
    rotation.steps.filter(({ name }) => name === row.name),
  )
  const bars = steps.map((step, index) => {
    const next = steps[index + 1]
    return stepBar(step, { top, x, until: next ? x(next.from) : WIDTH })
  })
  return label(row.name, { class: 'end', x: LEFT - 8, y: top + 13 }) + bars.join('')
}

interface BarPlace {
  readonly top: number
  readonly x: X
  /** Where the next bar of the row begins, in pixels. */
  readonly until: number
}

/** How long it took stands in the bar, or beside it where the bar is too narrow; or nowhere. */
function stepBar(step: TimelineStep, { top, x, until }: BarPlace): string {
  const tookMs = step.to - step.from
  const width = Math.max(2.5, x(step.to) - x(step.from) - 1)
  const took = tookMs < 1000 ? `${Math.round(tookMs)} ms` : `${(tookMs / 1000).toFixed(1)} s`
  const wordsWidth = took.length * 6 + 6
  const end = x(step.from) + width
  const at = { x: num(x(step.from)), y: top + 3, width: num(width), height: ROW - 5, rx: 2 }
  const title = part('title', {}, text(`${step.name}: ${took}`))
  const words = (place: Attributes): string => label(took, { ...place, y: top + 13 })
  return (
    part('rect', { class: step.cut ? 'bad' : 'step', ...at }, title) +
    (width > wordsWidth
      ? words({ class: 'small middle back', x: num(end - width / 2) })
      : end + wordsWidth < until
        ? words({ class: 'small soft halo', x: num(end + 4) })
        : '')
  )
}

function marks(rotation: TimelineRotation, x: X, bottom: number): string {
  const lines: string[] = []
  const add = (at: number | undefined, words: string): void => {
    if (at === undefined) return
    const left = num(x(at))
    lines.push(
      part('line', { class: 'mark', x1: left, x2: left, y1: RATE.top - 4, y2: bottom }),
      label(words, { class: 'bad middle', x: left, y: RATE.top - 8 }),
    )
  }
  add(rotation.killed, 'SIGKILL')
  add(rotation.turned, 'backs out')
  return lines.join('')
}
