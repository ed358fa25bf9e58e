/**
 * For `node --import`: whoever in the rotator imports a module that composes what makes external
 * calls gets one with gates instead. Nothing in the rotator knows of it.
 */
import { registerHooks } from 'node:module'

const ROTATOR = new URL('../../../rotator/src/', import.meta.url).href

const GATED: ReadonlyMap<string, string> = new Map([
  [`${ROTATOR}compose.ts`, new URL('./gated-compose.ts', import.meta.url).href],
  [`${ROTATOR}compose/drop-in.ts`, new URL('./gated-drop-in.ts', import.meta.url).href],
])

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    const inRotator = context.parentURL?.startsWith(ROTATOR) === true
    const gated = inRotator ? GATED.get(resolved.url) : undefined
    return gated === undefined ? resolved : { ...resolved, url: gated }
  },
})
