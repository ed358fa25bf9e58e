import type {
  Credential,
  Place,
  RotationRecord,
  SlotDocument,
  SlotDocumentEdit,
} from '@cuedot/client/protocol'

/**
 * What is written with the record of a rotation: a first one finds the database where its consumers
 * have found it, since the secret may not know yet.
 */
export function placed(rotation: RotationRecord): Pick<SlotDocumentEdit, 'rotation' | 'place'> {
  if (rotation.initial === undefined || rotation.heals) return { rotation }
  const merge = (place: Place, own: Place): Place => ({ ...place, ...own })
  return { rotation, place: Object.values(rotation.initial).reduceRight(merge, {}) }
}

/** The initial user's credential, just as the config target `where` held it before. */
export function returning(
  { active, slots, rotation }: SlotDocument,
  where: string,
  login: Pick<Credential, 'username' | 'password'>,
): Credential {
  const { host, port, dbname } = slots[active]
  return { host, port, dbname, ...login, ...rotation?.initial?.[where] }
}
