/**
 * For `node --import`: whoever in the rotator imports `compose.ts` gets {@link gated-compose.ts}
 * instead. Nothing in the rotator knows of it.
 */
import { registerHooks } from 'node:module'

const REAL = new URL('../../../rotator/src/compose.ts', import.meta.url).href
const GATED = new URL('./gated-compose.ts', import.meta.url).href
const ROTATOR = new URL('../../../rotator/src/', import.meta.url).href

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    const inRotator = context.parentURL?.startsWith(ROTATOR) === true
    return inRotator && resolved.url === REAL ? { ...resolved, url: GATED } : resolved
  },
})
