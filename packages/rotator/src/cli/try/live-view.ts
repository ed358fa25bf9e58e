import type { Recorder, RotationMark, StepMark } from './recorder.ts'
import type { Sample } from './requests.ts'
import type { Style } from './screen.ts'
import { USERS } from './workspace.ts'

const RATE_WINDOW_MS = 1000
const SPARK_MS = 500

/** The live block: counters, the rate over time coloured by the user that served, the runbook. */
export function liveLines(recorder: Recorder, style: Style): readonly string[] {
  return [counters(recorder, style), sparkline(recorder, style), ...runbook(recorder, style)]
}

function counters(recorder: Recorder, { paint }: Style): string {
  const recent = recorder.recent(RATE_WINDOW_MS)
  const seconds = Math.floor((Date.now() - recorder.begun) / 1000)
  const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
  const failed = `${recorder.failed} failed`
  const share = [USERS.A, USERS.B]
    .map((user) => [user, recent.filter((sample) => sample.user === user).length] as const)
    .filter(([, count]) => count > 0)
    .map(([user, count]) => `${user} ${Math.round((count / recent.length) * 100)} %`)
  return [
    paint(` ${clock}`, 'dim'),
    paint(`${recorder.served.toLocaleString('en-US')} served`, 'bold'),
    paint(failed, recorder.failed === 0 ? 'green' : 'red'),
    `${recent.length}/s`,
    share.join(', '),
  ].join('   ')
}

const BARS = '▁▂▃▄▅▆▇█'

function sparkline(recorder: Recorder, style: Style): string {
  const width = Math.max(10, style.columns - 4)
  const now = Math.floor(Date.now() / SPARK_MS)
  const buckets = Map.groupBy(recorder.recent(width * SPARK_MS), ({ at }) =>
    Math.floor(at / SPARK_MS),
  )
  const full = Math.max(1, ...[...buckets.values()].map((samples) => samples.length))
  const cells = Array.from({ length: width }, (_, index) =>
    cell(buckets.get(now - width + index) ?? [], full, style),
  )
  return `  ${cells.join('')}`
}

function cell(samples: readonly Sample[], full: number, { paint }: Style): string {
  if (samples.length === 0) return ' '
  const height = Math.ceil((samples.length / full) * BARS.length) - 1
  const bar = BARS[Math.max(0, height)] ?? ' '
  if (samples.some(({ error }) => error !== undefined)) return paint(bar, 'red')
  const onA = samples.filter(({ user }) => user === USERS.A).length
  return paint(bar, onA * 2 >= samples.length ? 'blue' : 'orange')
}

function runbook(recorder: Recorder, { paint }: Style): readonly string[] {
  const { rotation } = recorder
  if (!rotation) return [paint('  no rotation', 'dim'), '']
  const { number, from, to } = rotation
  const steps = shownSteps(rotation).map((step) => stepText(step, paint))
  return [`  rotation ${number}: ${from} → ${to}`, `  ${steps.join('  ')}`]
}

/** The last steps are what matters, and they fit on a line. */
function shownSteps({ steps }: RotationMark): readonly StepMark[] {
  return steps.slice(-6)
}

function stepText(step: StepMark, paint: Style['paint']): string {
  if (step.end === 'applied') return paint(`✓ ${step.name}`, 'green')
  if (step.end !== undefined) return paint(`✗ ${step.name}`, 'red')
  const seconds = (Date.now() - step.begun) / 1000
  return `● ${step.name} ${seconds.toFixed(1)} s`
}
