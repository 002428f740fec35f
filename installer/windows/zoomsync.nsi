; The installer for Windows: for one user, without an administrator.
; python installer/build.py setup compiles it and says VERSION, NUMBERS, OUT, ASSETS, LICENCE, and
; LISTS: the folder with install.nsh and remove.nsh, which name every file of the bundle.

Unicode true
!ifdef TARGET_64
Target amd64-unicode
!endif
SetCompressor /SOLID lzma
ManifestDPIAware true

!include MUI2.nsh
!include FileFunc.nsh
!include LogicLib.nsh
!include x64.nsh

!define NAME "zoomsync"
!define RUN_KEY "Software\Microsoft\Windows\CurrentVersion\Run"
!define APPROVED_KEY "Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
!define REMOVE_KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\${NAME}"
!define PATHS_KEY "Software\Microsoft\Windows\CurrentVersion\App Paths"
!define DATA "$LOCALAPPDATA\${NAME}"

Name "${NAME}"
OutFile "${OUT}"
RequestExecutionLevel user
InstallDir "$LOCALAPPDATA\Programs\${NAME}"
InstallDirRegKey HKCU "${REMOVE_KEY}" "InstallLocation"
BrandingText "${NAME} ${VERSION}"
ShowInstDetails nevershow
ShowUninstDetails nevershow

VIProductVersion "${NUMBERS}"
VIAddVersionKey "ProductName" "${NAME}"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "Installs ${NAME}"
VIAddVersionKey "LegalCopyright" "The zoomsync_agent authors. MIT licence."

!define MUI_ICON "${ASSETS}\zoomsync.ico"
!define MUI_UNICON "${ASSETS}\zoomsync.ico"
!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_RUN "$INSTDIR\zoomsyncw.exe"
!define MUI_FINISHPAGE_RUN_PARAMETERS "setup"
!define MUI_FINISHPAGE_RUN_TEXT "Set ${NAME} up now, on a page in the browser"
!define MUI_COMPONENTSPAGE_NODESC

!insertmacro MUI_PAGE_WELCOME
!insertmacro MUI_PAGE_LICENSE "${LICENCE}"
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "German"

LangString ASK_DATA ${LANG_ENGLISH} "Remove settings, queue, catalog, logs and sign-ins of ${NAME} too?$\r$\n$\r$\nYour recordings and archives stay where they are, whatever you choose."
LangString ASK_DATA ${LANG_GERMAN} "Auch Einstellungen, Warteschlange, Katalog, Protokolle und Anmeldungen von ${NAME} entfernen?$\r$\n$\r$\nAufzeichnungen und Archive bleiben in jedem Fall, wo sie sind."

; Ends the agents that run from this very folder, and no other; what is half uploaded goes on later.
!macro EndAgents
  DetailPrint "Ending ${NAME}"
  ; The folder goes by a variable, for a name may hold quotes; and the system is asked for paths,
  ; because a PowerShell of 32 bits sees none of programs that have 64.
  System::Call 'kernel32::SetEnvironmentVariable(t "ZS_DIR", t "$INSTDIR\")'
  nsExec::Exec /TIMEOUT=60000 `"$SYSDIR\WindowsPowerShell\v1.0\powershell.exe" -NoProfile -NonInteractive -Command "Get-CimInstance Win32_Process | Where-Object { $$_.Name -in 'zoomsync.exe','zoomsyncw.exe' -and $$_.ExecutablePath -and $$_.ExecutablePath.StartsWith($$env:ZS_DIR, 'OrdinalIgnoreCase') } | ForEach-Object { Stop-Process -Id $$_.ProcessId -Force }"`
  Pop $0
  Sleep 500
!macroend

Section "${NAME}" SEC_PROGRAM
  SectionIn RO
  !insertmacro EndAgents
  ; Files of an earlier version that this one has no more. What people chose stays as it is.
  ${If} ${FileExists} "$INSTDIR\uninstall.exe"
    ExecWait '"$INSTDIR\uninstall.exe" /S /KEEP _?=$INSTDIR'
  ${EndIf}
  !include "${LISTS}/install.nsh"
  SetOutPath "$INSTDIR"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKCU "${REMOVE_KEY}" "DisplayName" "${NAME}"
  WriteRegStr HKCU "${REMOVE_KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${REMOVE_KEY}" "DisplayIcon" "$INSTDIR\zoomsync.exe"
  WriteRegStr HKCU "${REMOVE_KEY}" "Publisher" "The zoomsync_agent authors"
  WriteRegStr HKCU "${REMOVE_KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${REMOVE_KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${REMOVE_KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${REMOVE_KEY}" "NoModify" 1
  WriteRegDWORD HKCU "${REMOVE_KEY}" "NoRepair" 1
  WriteRegDWORD HKCU "${REMOVE_KEY}" "EstimatedSize" ${KIB}
  WriteRegStr HKCU "${PATHS_KEY}\zoomsync.exe" "" "$INSTDIR\zoomsync.exe"
SectionEnd

Section "Start menu" SEC_MENU
  CreateShortcut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\zoomsyncw.exe" "setup" "$INSTDIR\zoomsync.exe"
SectionEnd

Section /o "Start at login" SEC_LOGIN
  ReadRegStr $0 HKCU "${RUN_KEY}" "${NAME}"
  WriteRegStr HKCU "${RUN_KEY}" "${NAME}" '"$INSTDIR\zoomsyncw.exe" run --at-login'
  ${If} $0 == "" ; else somebody may have switched it off in Windows' settings
    DeleteRegValue HKCU "${APPROVED_KEY}" "${NAME}"
  ${EndIf}
SectionEnd

Function .onInit
  ${IfNot} ${RunningX64}
    MessageBox MB_ICONSTOP|MB_OK "${NAME} needs a 64-bit Windows." /SD IDOK
    SetErrorLevel 2
    Abort
  ${EndIf}
  ; An update shows what was chosen before.
  ReadRegStr $0 HKCU "${RUN_KEY}" "${NAME}"
  ${If} $0 != ""
    SectionSetFlags ${SEC_LOGIN} ${SF_SELECTED}
  ${EndIf}
  ; Who installs without windows says /LOGIN to have it started at login.
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/LOGIN" $1
  ${IfNot} ${Errors}
    SectionSetFlags ${SEC_LOGIN} ${SF_SELECTED}
  ${EndIf}
FunctionEnd

Section "un.${NAME}"
  !insertmacro EndAgents
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/KEEP" $1
  ${If} ${Errors}
    Call un.Choices
    ; Without windows nobody can be asked, and what cannot be made again stays.
    MessageBox MB_YESNO|MB_ICONQUESTION|MB_DEFBUTTON2 "$(ASK_DATA)" /SD IDNO IDNO keep
    Call un.Data
    keep:
  ${EndIf}
  !include "${LISTS}/remove.nsh"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR" ; only if nothing of anybody else is in it
SectionEnd

; What the system knows of the program. Another copy's start at login is left alone.
Function un.Choices
  Delete "$SMPROGRAMS\${NAME}.lnk"
  StrCpy $2 0
  again:
    EnumRegValue $3 HKCU "${RUN_KEY}" $2
    StrCmp $3 "" done
    ReadRegStr $4 HKCU "${RUN_KEY}" $3
    StrLen $5 "$INSTDIR\"
    StrCpy $6 $4 $5
    StrCpy $7 $4 $5 1
    ${If} $6 == "$INSTDIR\"
    ${OrIf} $7 == "$INSTDIR\"
      DeleteRegValue HKCU "${RUN_KEY}" $3
      DeleteRegValue HKCU "${APPROVED_KEY}" $3
    ${Else}
      IntOp $2 $2 + 1
    ${EndIf}
    Goto again
  done:
  DeleteRegKey HKCU "${PATHS_KEY}\zoomsync.exe"
  DeleteRegKey HKCU "${REMOVE_KEY}"
FunctionEnd

; What the agent keeps for itself, of every profile.
Function un.Data
  nsExec::Exec /TIMEOUT=30000 '"$INSTDIR\zoomsync.exe" sign-out zoom'
  Pop $0
  nsExec::Exec /TIMEOUT=30000 '"$INSTDIR\zoomsync.exe" sign-out s3'
  Pop $0
  nsExec::Exec /TIMEOUT=30000 '"$INSTDIR\zoomsync.exe" sign-out --service-key'
  Pop $0
  nsExec::Exec /TIMEOUT=30000 '"$INSTDIR\zoomsync.exe" sign-out'
  Pop $0
  FindFirst $2 $3 "${DATA}\profiles\*"
  ${DoWhile} $3 != ""
    ${If} $3 != "."
    ${AndIf} $3 != ".."
      nsExec::Exec /TIMEOUT=30000 '"$INSTDIR\zoomsync.exe" --profile $3 sign-out zoom'
      Pop $0
      nsExec::Exec /TIMEOUT=30000 '"$INSTDIR\zoomsync.exe" --profile $3 sign-out s3'
      Pop $0
      nsExec::Exec /TIMEOUT=30000 '"$INSTDIR\zoomsync.exe" --profile $3 sign-out --service-key'
      Pop $0
      nsExec::Exec /TIMEOUT=30000 '"$INSTDIR\zoomsync.exe" --profile $3 sign-out'
      Pop $0
      Push "${DATA}\profiles\$3"
      Call un.Folder
    ${EndIf}
    FindNext $2 $3
  ${Loop}
  FindClose $2
  RMDir "${DATA}\profiles"
  RMDir /r "${DATA}\Logs"
  Push "${DATA}"
  Call un.Folder
FunctionEnd

; What lies in one folder of data. Not what lies in inbox and spool: it may be there alone.
Function un.Folder
  Pop $9
  Delete "$9\config.toml"
  Delete "$9\.env"
  Delete "$9\*.db"
  Delete "$9\*.db-wal"
  Delete "$9\*.db-shm"
  Delete "$9\*.lock"
  Delete "$9\*.lock.json"
  Delete "$9\*.told"
  Delete "$9\page.token"
  Delete "$9\*.db.*"
  Delete "$9\*.lock.changes"
  Delete "$9\no-tray"
  ; What was fetched from Zoom's cloud may be nowhere else by now, as little as what was handed in.
  RMDir "$9\spool"
  RMDir "$9\inbox"
  RMDir "$9"
FunctionEnd
