#!/bin/sh
# Joins the POTCARs of the blocks of POSCAR, in their order, and starts VASP here.
set -eu
while read -r name; do
  cat "$POTCAR_FOLDER/$name/POTCAR"
done < species.txt > POTCAR
# $VASP may be several words: mpirun -np 16 vasp_std
exec $VASP
