/**
 * What the configuration of the agent may hold: the TOML file as it is written, or the same keys
 * for `startAgent`. Every key may be left out.
 *
 * @see aws/aws-secretsmanager-agent, README, "Configure the Secrets Manager Agent": all keys except
 *   `cuedot`; `validate_credentials` and `ignore_transient_errors` from its `config.rs`
 */
export interface AgentConfig {
  /** `debug`, `info`, `warn`, `error` or `none`, in any case. Default `info`. */
  readonly log_level?: string
  /** True: `logs/secrets_manager_agent.log` in the working folder; false: stdout. Default true. */
  readonly log_to_file?: boolean
  /** 1,024 to 65,535, or 0 for any free port. Default 2,773. */
  readonly http_port?: number
  /** Default: what the SDK finds in the environment and the shared config files. */
  readonly region?: string
  /** How long an answer is kept, in seconds. 0 to 3,600; 0: nothing is kept. Default 300. */
  readonly ttl_seconds?: number
  /** How many answers are kept. 1 to 1,000. Default 1,000. */
  readonly cache_size?: number
  /** How many connections are served at once. 1 to 1,000. Default 800. */
  readonly max_conn?: number
  /** Headers that may hold the token. Default X-Aws-Parameters-Secrets-Token, X-Vault-Token. */
  readonly ssrf_headers?: readonly string[]
  /**
   * Variables that may hold the token or name its file (`file://`). Default AWS_TOKEN,
   * AWS_SESSION_TOKEN, AWS_CONTAINER_AUTHORIZATION_TOKEN.
   */
  readonly ssrf_env_variables?: readonly string[]
  /** What requests by path begin with. Default `/v1/`. */
  readonly path_prefix?: string
  /** Whether AWS credentials must be found at the start. Default true. */
  readonly validate_credentials?: boolean
  /** Whether an expired answer is served while Secrets Manager cannot be asked. Default true. */
  readonly ignore_transient_errors?: boolean
  /** What AWS's agent does not have. */
  readonly cuedot?: CuedotConfig
}

/** Keys of the table `[cuedot]`. */
export interface CuedotConfig {
  /** Absolute path of a Unix socket to listen on instead of the port; at most 107 bytes. */
  readonly socket?: string
  /** Of Secrets Manager: https, or http on this machine. Default: the SDK's own rules. */
  readonly endpoint?: string
  /** How often the secrets of `files` are looked at, in seconds. 1 to 3,600. Default 60. */
  readonly refresh_seconds?: number
  readonly files?: readonly FileConfig[]
}

/** A file that is kept written with the current value of a secret, mode 0600. */
export interface FileConfig {
  /** Name or ARN, 1 to 2,048 characters. */
  readonly secretId: string
  /** Absolute. Its folder must be there. */
  readonly path: string
  /** `value`: the text or bytes of the secret. `json`: what the routes answer. Default `value`. */
  readonly format?: 'value' | 'json'
}
