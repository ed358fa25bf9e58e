/** A refusal as AWS's JSON protocols say it: its `__type`, a message, and the status of HTTP. */
export class AwsRefusal extends Error {
  readonly type: string
  readonly status: number

  constructor(type: string, message: string, status = 400) {
    super(message)
    this.type = type
    this.status = status
  }
}
