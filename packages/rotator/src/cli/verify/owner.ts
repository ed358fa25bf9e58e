import type { Desk } from '../../engine/desk.ts'
import type { Checklist } from './checklist.ts'

/**
 * Whose the admin's secret is. An alternating target only reads it, so any owner is welcome there;
 * a single-user target would write it, and a managed one needs RDS to own it.
 */
export async function checkOwner(desk: Desk, checks: Checklist): Promise<void> {
  const { admin, owner, strategy } = desk.target
  await checks.run('owner', '', async () => {
    const owned = await admin.owner(desk.call())
    if (owner) return await askOwner(desk, checks)
    if (owned === undefined) return `${admin.secret} is written by nobody but us`
    if (strategy === 'single-user')
      return checks.refuse('SECRET_IS_MANAGED', `${owned.service} owns ${admin.secret}`)
    return `${owned.service} owns ${admin.secret}; it is only read`
  })
}

async function askOwner(desk: Desk, checks: Checklist): Promise<string> {
  const { owner, store } = desk.target
  if (owner === undefined) throw new Error('only a managed target has an owner to ask')
  const { state, says } = await owner.state(desk.call())
  switch (state) {
    case 'ready':
      return `RDS owns ${store.secret} and is at rest (${says})`
    case 'busy':
      return `RDS owns ${store.secret} and is rotating it (${says})`
    case 'impaired':
      return checks.refuse('SECRET_IMPAIRED', `RDS says ${says}`)
    case 'stranger':
      return checks.refuse('SECRET_NOT_MANAGED', says)
  }
}
