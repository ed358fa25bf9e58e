import { surroundings } from '../../credentials/surroundings.ts'
import { SecretsManagerAgentClient } from './agent-client.ts'
import type { AgentMetrics } from './agent-client.ts'

/** How the agent is. */
export interface AgentHealth {
  readonly agent_available: boolean
  /** In milliseconds. */
  readonly response_time_ms: number
  /** Seconds since 1970, as PHP's `time()`. */
  readonly timestamp: number
}

/** Starlight's `AgentHealthMonitor`. */
export class AgentHealthMonitor {
  readonly #agent: SecretsManagerAgentClient

  constructor(agent: SecretsManagerAgentClient = new SecretsManagerAgentClient()) {
    this.#agent = agent
  }

  /** Asks the agent whether it is there. Never rejects. */
  async checkAgentHealth(): Promise<AgentHealth> {
    const begun = surroundings.now()
    const isAvailable = await this.#agent.isAgentAvailable()
    return {
      agent_available: isAvailable,
      response_time_ms: surroundings.now() - begun,
      timestamp: Math.floor(surroundings.date().getTime() / 1_000),
    }
  }

  /** Those of the agent's client. */
  getMetrics(): AgentMetrics {
    return this.#agent.getMetrics()
  }
}
