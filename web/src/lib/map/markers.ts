// Draws the marker of an object: its shape says where the value comes from, its colour and sign what it is.
import type { Provenance } from '#lib/api/types';
import { kinds, type KindId } from '#lib/domain/kinds';
import { shapes } from '#lib/domain/shapes';

export interface MarkerLook {
  kind: KindId;
  provenance?: Provenance;
  stale: boolean;
}

const ratio = 2;
const size = 36;

export function markerName(look: MarkerLook): string {
  return `${look.kind} ${look.provenance ?? 'unknown'}${look.stale ? ' stale' : ''}`;
}

export function drawMarker(look: MarkerLook): { image: ImageData; pixelRatio: number } {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size * ratio;
  const pen = canvas.getContext('2d')!;
  const { colour, sign } = kinds[look.kind];
  const outline = look.provenance ? shapes[look.provenance] : shapes.measured;
  // Pointed shapes have less room inside and are drawn larger.
  const scale = look.provenance === 'simulated' || look.provenance === 'forecast' ? 1.38 : 1.14;

  pen.scale(ratio, ratio);
  pen.save();
  pen.translate(size / 2, size / 2);
  pen.scale(scale, scale);
  pen.translate(-12, -12);
  const shape = new Path2D(outline);
  pen.lineJoin = 'round';
  pen.strokeStyle = look.stale ? colour : '#fff';
  pen.lineWidth = 2.6;
  pen.fillStyle = look.stale ? '#fff' : colour;
  if (look.stale) pen.setLineDash([3, 2]);
  pen.stroke(shape);
  pen.fill(shape);
  pen.restore();

  const small = look.provenance === 'forecast' ? 0.5 : look.provenance === 'simulated' ? 0.62 : 0.7;
  pen.translate(size / 2, size / 2 + (look.provenance === 'forecast' ? 4 : 0));
  pen.scale(small, small);
  pen.translate(-12, -12);
  pen.strokeStyle = look.stale ? colour : '#fff';
  pen.lineWidth = 2.4;
  pen.lineCap = pen.lineJoin = 'round';
  pen.stroke(new Path2D(sign));
  return { image: pen.getImageData(0, 0, canvas.width, canvas.height), pixelRatio: ratio };
}
