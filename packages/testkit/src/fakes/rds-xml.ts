/** The XML of the query protocol, as far as the fake speaks it. */

/** Element names to text or to further elements; undefined leaves the element out. */
export interface XmlTree {
  readonly [name: string]: string | XmlTree | undefined
}

const NAMESPACE = 'http://rds.amazonaws.com/doc/2014-10-31/'

/**
 * The answer to an action.
 * @see Amazon RDS API reference, DescribeDBInstances, "Sample Response"
 */
export function answerXml(action: string, result: XmlTree): string {
  return document(`${action}Response`, { [`${action}Result`]: result, ...METADATA })
}

const METADATA = { ResponseMetadata: { RequestId: 'fake' } }

/** A refusal, as `Code`. */
export function errorXml(code: string, message: string): string {
  const Error = { Type: 'Sender', Code: code, Message: message }
  return document('ErrorResponse', { Error, RequestId: 'fake' })
}

function document(name: string, tree: XmlTree): string {
  return `<${name} xmlns="${NAMESPACE}">${elements(tree)}</${name}>`
}

function elements(tree: XmlTree): string {
  return Object.entries(tree)
    .map(([name, value]) => {
      if (value === undefined) return ''
      return `<${name}>${typeof value === 'string' ? escape(value) : elements(value)}</${name}>`
    })
    .join('')
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
