import type { ServiceEvent } from '@aws-sdk/client-ecs'

const MOST_EVENTS = 3
const MOST_CHARS = 300

/**
 * What a service said from a moment on: its newest events, at most three, newest first, each on
 * one line of at most 300 characters; empty when there are none.
 *
 * @param since - ECS's own time, so that no clock of ours is compared with one of AWS
 * @see Amazon ECS developer guide, "Viewing Amazon ECS service event messages"
 */
export function newestEvents(
  events: readonly ServiceEvent[] | undefined,
  since: Date | undefined,
): readonly string[] {
  return (events ?? [])
    .filter(({ createdAt, message }) => message !== undefined && isFrom(createdAt, since))
    .toSorted((a, b) => timeOf(b.createdAt) - timeOf(a.createdAt))
    .slice(0, MOST_EVENTS)
    .map(({ message = '' }) => oneLine(message))
}

function isFrom(at: Date | undefined, since: Date | undefined): boolean {
  return since === undefined || timeOf(at) >= since.getTime()
}

function timeOf(at: Date | undefined): number {
  return at?.getTime() ?? 0
}

/** Text of somebody else on one line: no control characters, no line ends, not without end. */
export function oneLine(text: string): string {
  const line = text.replaceAll(/[\p{C}\s]+/gu, ' ').trim()
  return line.length <= MOST_CHARS ? line : `${line.slice(0, MOST_CHARS - 1)}…`
}
