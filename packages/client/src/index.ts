export { createCredentials } from './credentials/credentials.ts'
export type {
  Credentials,
  CredentialsEvents,
  HeldCredential,
  Trouble,
} from './credentials/credentials.ts'
export { CredentialsError } from './credentials/errors.ts'
export type { CredentialsErrorCode } from './credentials/errors.ts'
export type { Listener } from './credentials/listeners.ts'
export type { CredentialsOptions } from './credentials/options.ts'
export type { CredentialSource, SourceAnswer, SourceRequest, Stage } from './credentials/source.ts'
export { Sensitive } from './protocol/sensitive.ts'
export type { Credential } from './protocol/credential.ts'
export type { SwapTrouble } from './pool/rotating-pool.ts'
export type { Drained, Swap } from './pool/succession.ts'
export { poolFigures } from './watch/figures.ts'
export type { PoolFigures } from './watch/figures.ts'
export { poolHealth } from './watch/health.ts'
export type { Health } from './watch/health.ts'
export { observePool, registerPools } from './watch/meters.ts'
export type { Meter, Prometheus } from './watch/meters.ts'
export { eventEndpoint } from './push/endpoint.ts'
export type { EndpointOptions } from './push/endpoint.ts'
export { labelUpdates, refreshOnEvents } from './push/events.ts'
export type { LabelUpdate } from './push/events.ts'
export { receiveFromSqs } from './push/sqs.ts'
export type { Sqs, SqsMessage, SqsOptions, SqsReceiver } from './push/sqs.ts'
