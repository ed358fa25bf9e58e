/** What every rule of `tidy` reads and gives back. */

/** One file of the project. */
export interface Source {
  /** Relative to the root, with forward slashes. */
  readonly path: string
  readonly text: string
  readonly lines: readonly string[]
}

/** One thing that a rule does not accept. */
export interface Finding {
  readonly path: string
  /** From 1. */
  readonly line: number
  readonly rule: string
  readonly message: string
}

/** Something a rule about one file found there. */
export interface Remark {
  /** From 1. */
  readonly line: number
  readonly message: string
}

/** A rule that needs one file at a time. */
export interface FileRule {
  readonly name: string
  readonly check: (source: Source) => readonly Remark[]
}

/** A rule that needs all files together. */
export interface ProjectRule {
  readonly name: string
  readonly check: (sources: readonly Source[]) => readonly Omit<Finding, 'rule'>[]
}

/** A source from its path and text; a last line feed does not begin another line. */
export function source(path: string, text: string): Source {
  return { path, text, lines: text.replace(/\n$/, '').split('\n') }
}

/** True for TypeScript and JavaScript. */
export const isCode = (path: string): boolean => /\.(ts|tsx|mts|js|mjs)$/.test(path)

/** True for TypeScript, which is what our own sources are written in. */
export const isTypeScript = (path: string): boolean => /\.(ts|tsx|mts)$/.test(path)

/** True for tests of every lane and for what only they use. */
export const isTest = (path: string): boolean =>
  /\.test\.tsx?$/.test(path) || /^packages\/[^/]+\/test\//.test(path)

/** True for the private package of conformance suites, servers and fakes. */
export const isTestkit = (path: string): boolean => path.startsWith('packages/testkit/')

/** True where tests are written: tests, and the conformance suites of the testkit. */
export const holdsTests = (path: string): boolean => isTest(path) || isTestkit(path)

/** True for what is published from `src`: no test, no testkit. */
export const isProduct = (path: string): boolean =>
  isTypeScript(path) && /^packages\/[^/]+\/src\//.test(path) && !isTest(path) && !isTestkit(path)

/** The demo, which brings a whole world with it and so may do what only adapters may. */
export const isTry = (path: string): boolean =>
  /^packages\/rotator\/src\/cli\/(commands\/)?try(\.ts$|\/|-)/.test(path)

/** Where in `packages/rotator/src` a file stands: `domain/slot.ts`; undefined outside of it. */
export function inRotator(path: string): string | undefined {
  return /^packages\/rotator\/src\/(.+)$/.exec(path)?.[1]
}
