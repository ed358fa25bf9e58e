import { formatDuration } from '../../config/duration.ts'
import type { RunResult } from '../../engine/result.ts'
import type { LiveLogin, Tried } from '../../engine/revocation.ts'
import { EXIT, exitCodeOf } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { CommonOptions } from '../options.ts'
import { print, printJson, tell, threeLines } from '../output.ts'
import { auditText, exitCodeWithAudit } from '../recorded.ts'
import type { RecordedResult } from '../recorded.ts'

/** What `rotate --compromised --json` gives. Times in milliseconds, never a password. */
export interface Compromised {
  readonly outcome: RunResult['outcome'] | 'still-accepted' | 'unproven'
  /** The admin's rotation first, the target's after it. */
  readonly runs: readonly RecordedResult[]
  /** When each password died, from the start of the command. */
  readonly revoked: readonly Death[]
  /** How many leaked credentials were tried after the last run. */
  readonly tried: number
  /** How many were not, because the server blocks users for refused logins. */
  readonly untried: number
  /** Those that still log in: must be empty. */
  readonly stillAccepted: readonly LiveLogin[]
  /** Targets whose leaked credentials could not be tried, and why: must be empty. */
  readonly unproven: readonly { readonly target: string; readonly what: string }[]
}

/** When a password died, in milliseconds from the start of the command. */
export interface Death {
  readonly target: string
  readonly slot: string
  readonly afterMs: number
}

/** What came of trying what has leaked. */
export interface Proof extends Tried {
  /** Why it could not be tried. */
  readonly unproven?: string
}

/** One target of the emergency, after its run. */
export interface Part {
  readonly name: string
  readonly result: RecordedResult
  readonly proof: Proof
}

/** The parts of an emergency as one result. The first part that did not rotate is its outcome. */
export function summary(parts: readonly Part[], revoked: readonly Death[]): Compromised {
  const live = parts.flatMap((part) => part.proof.live)
  const unproven = parts.flatMap(({ name, proof: { unproven: what } }) =>
    what === undefined ? [] : [{ target: name, what }],
  )
  const failed = parts.find(({ result }) => result.outcome !== 'rotated')
  const proven = live.length > 0 ? 'still-accepted' : unproven.length > 0 ? 'unproven' : 'rotated'
  return {
    outcome: failed ? failed.result.outcome : proven,
    runs: parts.map(({ result }) => result),
    revoked,
    tried: parts.reduce((sum, part) => sum + part.proof.tried, 0),
    untried: parts.reduce((sum, part) => sum + part.proof.untried, 0),
    stillAccepted: live,
    unproven,
  }
}

/** Tells the result on stdout and what is wrong with it on stderr, or all of it as JSON. */
export function tellEmergency(told: Compromised, options: CommonOptions): void {
  if (options.json === true || options.logJson === true) return printJson(told, options)
  for (const result of told.runs) {
    print(`${result.target}\n${threeLines(result)}`)
    if (result.audit) print(auditText(result.audit))
  }
  for (const { target, slot, afterMs } of told.revoked)
    print(`${target}: the password of ${slot} died after ${formatDuration(afterMs)}`)
  if (told.untried > 0)
    print(`${told.untried} were not tried: the server blocks users whose logins it refuses`)
  if (told.tried > 0 && told.stillAccepted.length + told.unproven.length === 0)
    print(`${told.tried} credentials that the secrets had were tried: none logs in any more`)
  for (const { target, what } of told.unproven)
    tell(`${target}: whether what leaked still logs in could not be tried; run again: ${what}`)
  for (const { username, endpoint } of told.stillAccepted)
    tell(`STILL ACCEPTED: ${username} on ${endpoint} with a password from before`)
}

/** Where one target is done and another was not begun, the emergency is half-way. */
export function exitCode({ runs, stillAccepted, unproven }: Compromised): ExitCode {
  const codes = runs.map(({ outcome, audit }) =>
    exitCodeWithAudit(exitCodeOf(outcome, 'rotate'), audit),
  )
  const wrong = codes.find((code) => code !== EXIT.ok)
  const begun = runs.some(({ outcome }) => outcome === 'rotated')
  if (begun && (wrong === EXIT.failed || wrong === EXIT.locked)) return EXIT.stopped
  if (wrong !== undefined) return wrong
  if (stillAccepted.length > 0) return EXIT.refused
  return unproven.length > 0 ? EXIT.stopped : EXIT.ok
}
