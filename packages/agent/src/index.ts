export { startAgent } from './agent.ts'
export type { Agent, AgentOptions } from './agent.ts'
export type { AgentConfig, CuedotConfig, FileConfig } from './agent-config.ts'
export { AgentError } from './errors.ts'
