#!/bin/sh
# Makes the sample recording: a short film and its sound, laid out as Zoom writes them.
# Needs ffmpeg with libx264, libfreetype and libflite, and the DejaVu fonts.
set -eu
cd "$(dirname "$0")/sample"

font=/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf
small=/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
seconds=5

# A voice over a quiet chord, padded or cut to the length of the picture.
sound="flite=text='Welcome to the weekly sync. Three topics for today.':voice=slt[voice];\
sine=frequency=220:sample_rate=32000[a];sine=frequency=330:sample_rate=32000[b];\
[a][b]amix=inputs=2,volume=0.05[chord];\
[voice]aresample=32000,adelay=300,apad[spoken];\
[spoken][chord]amix=inputs=2:duration=shortest:normalize=0,atrim=duration=$seconds,\
afade=t=in:d=0.2,afade=t=out:st=$((seconds - 1)):d=1,asetnsamples=1024:p=0[sound]"

# Slowly moving colours, the meeting's name, a clock and a bar that grows.
picture="gradients=size=640x360:rate=20:duration=$seconds:c0=0x123a6b:c1=0x2d7fb8:nb_colors=2:\
x0=0:y0=0:x1=640:y1=360:speed=0.02:seed=7,\
drawtext=fontfile=$font:text='Weekly Sync':fontcolor=white:fontsize=54:x=(w-tw)/2:y=120,\
drawtext=fontfile=$small:text='%{pts\\:hms}':fontcolor=white@0.8:fontsize=24:x=(w-tw)/2:y=200,\
format=yuv420p[base];\
color=0x5d9fce:size=400x6:rate=20:duration=$seconds[track];\
color=white:size=400x6:rate=20:duration=$seconds[fill];\
[track][fill]overlay=x='-400+400*t/$seconds':y=0:eval=frame[bar];\
[base][bar]overlay=x=120:y=250,format=yuv420p[picture]"

# The index stands at the end, as in what Zoom writes.
ffmpeg -v error -y -filter_complex "$picture;$sound" -map '[picture]' -map '[sound]' \
    -c:v libx264 -preset veryslow -tune animation -crf 30 -g 100 -threads 1 \
    -c:a aac -b:a 48k -ac 1 -t $seconds \
    -map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact \
    video1399019170.mp4

ffmpeg -v error -y -i video1399019170.mp4 -vn -c:a copy \
    -map_metadata -1 -fflags +bitexact -flags:a +bitexact \
    audio1399019170.m4a
