import { formatDuration } from '../../config/duration.ts'
import { REFUSALS } from '../../domain/refusals.ts'
import { bold, green, red } from '../output.ts'
import { nameOfStep } from '../render/phrases.ts'
import type { Status } from './status.ts'

/** One target for people: a head line and a labelled line for each thing worth knowing. */
export function statusText(status: Status): string {
  const { target, strategy, attention } = status
  const verdict = attention ? red('needs attention') : green('in order')
  const rows: readonly (readonly [string, string])[] = [
    ...status.credentials.map((credential) => credentialRow(credential)),
    ['rotation', rotationText(status)],
    ['lock', status.lock.kind === 'held' ? `held by ${status.lock.by}` : 'free'],
    ...(status.window ? [['window', status.window.text] as const] : []),
    ['last', lastText(status)],
    ['sessions', sessionsText(status)],
    ...(status.drift.length === 0 ? [['drift', 'none'] as const] : driftRows(status)),
    ['next', nextText(status)],
  ]
  const lines = rows.map(([label, text]) => `  ${label.padEnd(10)} ${text}`)
  return [`${bold(target)} (${strategy}): ${verdict}`, ...lines].join('\n')
}

type Credential = Status['credentials'][number]

function credentialRow(credential: Credential): readonly [string, string] {
  const { slot, username, active } = credential
  const label = slot === 'user' ? 'user' : `slot ${slot}`
  const role = slot === 'user' ? '' : active ? ', active' : ', standby'
  return [label, `${username}${role}, ${ageText(credential)}`]
}

function ageText({ ageMs, dueInMs }: Credential): string {
  if (ageMs === undefined) return 'age unknown'
  const age = `password ${formatDuration(ageMs)} old`
  if (dueInMs === undefined) return age
  return dueInMs < 0
    ? `${age}, ${red(`overdue by ${formatDuration(-dueInMs)}`)}`
    : `${age}, due in ${formatDuration(dueInMs)}`
}

function rotationText({ rotation, next }: Status): string {
  if (rotation === undefined) return next.actions.length === 0 ? 'none is open' : 'none is recorded'
  const turned = rotation.backOut === undefined ? '' : `, turning back: ${rotation.backOut}`
  return `${rotation.from}→${rotation.to} is open (${rotation.id})${turned}`
}

function lastText({ last }: Status): string {
  return last === undefined ? 'no record' : `${last.outcome} at ${last.closed_at}`
}

function sessionsText({ credentials, sessions }: Status): string {
  return credentials
    .map(({ username }) => {
      const count = sessions.filter((session) => session.username === username).length
      return `${username}: ${count}`
    })
    .join(', ')
}

function driftRows({ drift }: Status): readonly (readonly [string, string])[] {
  return drift.map((line, index) => [index === 0 ? 'drift' : '', red(line)] as const)
}

function nextText({ next: { actions, end }, overdue, target }: Status): string {
  if (end.kind === 'refused')
    return `${REFUSALS[end.code].what} (${end.code}: ${end.why}) ${REFUSALS[end.code].hint}`
  if (actions.length > 0)
    return `\`cuedot heal ${target}\` would: ${actions.map(nameOfStep).join(', ')}`
  return overdue ? `\`cuedot rotate ${target}\` is overdue` : 'nothing to do'
}
