export { freePort } from '../../../rotator/src/cli/try/free-port.ts'
