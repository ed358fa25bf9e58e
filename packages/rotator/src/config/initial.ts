import type { AlternatingConfig, DualPasswordConfig } from './types.ts'

/** What a slot of a target with an initial user may do; nothing for a target without one. */
export function initialOf(config: AlternatingConfig | DualPasswordConfig): {
  readonly initial?: { readonly privileges: 'all'; readonly dbname: string; readonly tls: boolean }
} {
  if (config.strategy !== 'alternating' || config.initial === undefined) return {}
  const { dbname, tls } = config.database
  const { privileges } = config.initial
  return { initial: { privileges, dbname, tls: tls.mode === 'verify' } }
}
