/** The arguments that the set match and the SET target share: a set's name and its directions. */
import { Problem } from '../problem.ts'

const MAX_NAME = 31
const MAX_DIMENSIONS = 6

export function setName(text: string): string {
  if (text === '' || text.length > MAX_NAME || text.startsWith('-'))
    throw new Problem(`setname \`${text}' too long, max ${MAX_NAME} characters.`, { field: text })
  return text
}

/** `src,dst`: one direction a dimension of the set. */
export function setDirections(text: string): ('src' | 'dst')[] {
  const directions = text.split(',').map((word) => {
    if (word !== 'src' && word !== 'dst')
      throw new Problem("You must spefify (the comma separated list of) 'src' or 'dst'.", { field: text })
    return word
  })
  if (directions.length > MAX_DIMENSIONS)
    throw new Problem(`Can't be more src/dst options than ${MAX_DIMENSIONS}.`, { field: text })
  return directions
}
