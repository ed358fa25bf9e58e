const TAG = /<(\/?)([a-z]+)((?: [a-zA-Z0-9:-]+="[^"<]*")*)(\/?)>/g

/**
 * What keeps a text from being well-formed XML, as far as our drawings use it: elements, attributes
 * in double quotes, text with entities. Undefined when nothing does.
 */
export function xmlProblem(xml: string): string | undefined {
  const open: string[] = []
  let roots = 0
  for (const [, closes, name = '', , empty] of xml.matchAll(TAG)) {
    if (open.length === 0 && !closes) roots += 1
    if (closes) {
      const last = open.pop()
      if (last !== name) return `</${name}> closes <${last}>`
    } else if (!empty) open.push(name)
  }
  const rest = xml.replaceAll(TAG, '').replaceAll(/&(?:amp|lt|gt|quot|#\d+);/g, '')
  if (/[<&]/.test(rest)) return `stray markup: ${rest.match(/.{0,20}[<&].{0,20}/)?.[0]}`
  if (open.length > 0) return `<${open.at(-1)}> is never closed`
  return roots === 1 ? undefined : `${roots} root elements`
}
